"""What is written through a shared mapping arrives; what another client wrote is seen by a later mapping."""
import mmap
import os

from common import A, B, check, drop_caches, read_file

PAGE = mmap.PAGESIZE
PAGES = 256
path = f"{A}/mapped"
fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
os.ftruncate(fd, PAGES * PAGE + 100)
expected = bytearray(PAGES * PAGE + 100)
with mmap.mmap(fd, 0) as memory:
    for page in range(0, PAGES, 3):
        mark = f"page {page}".encode()
        at = page * PAGE + page
        memory[at : at + len(mark)] = mark
        expected[at : at + len(mark)] = mark
    memory[-4:] = b"tail"
    expected[-4:] = b"tail"
    memory.flush()
    # msync is enough: the other client sees it while this file is still open and mapped.
    check(read_file(f"{B}/mapped") == expected, "the other client does not see what msync wrote")
    os.pwrite(fd, b"by write", 5 * PAGE)
    check(memory[5 * PAGE : 5 * PAGE + 8] == b"by write", "a mapping does not show what write wrote")
os.close(fd)
with open(f"{B}/mapped", "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
    memory[7 * PAGE : 7 * PAGE + 5] = b"again"
    memory.flush()
drop_caches()
with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
    check(memory[7 * PAGE : 7 * PAGE + 5] == b"again", "a new mapping does not show what the other client wrote")
    check(memory[-4:] == b"tail", "the last, partial page is damaged")
print(f"{PAGES} pages")
