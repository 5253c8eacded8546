"""Holes read as zeros, take no space, and on 4.2 are found with SEEK_HOLE and SEEK_DATA; space is reserved and given back."""
import ctypes
import errno
import os

from common import A, B, MINOR, check, drop_caches

MIB = 1 << 20
SIZE = 64 * MIB
ISLANDS = (0, 16 * MIB, 40 * MIB + 12345)
DATA = os.urandom(8192)
PUNCH_HOLE_KEEP_SIZE = 3
path = f"{A}/sparse"


def close_to(found, wanted):
    """A server keeps holes in blocks of its own size; 1 MiB is as coarse as anyone does."""
    return abs(found - wanted) <= MIB


def seek(fd, offset, whence):
    try:
        return os.lseek(fd, offset, whence)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return None


def allocate(fd, mode, offset, length):
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (ctypes.c_int(mode), ctypes.c_int64(offset), ctypes.c_int64(length))
    if libc.fallocate(ctypes.c_int(fd), *arguments):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
os.ftruncate(fd, SIZE)
for at in ISLANDS:
    os.pwrite(fd, DATA, at)
os.fsync(fd)
drop_caches()
check(os.fstat(fd).st_size == SIZE, "the size is not what truncate set")
expected = bytearray(SIZE)
for at in ISLANDS:
    expected[at : at + len(DATA)] = DATA
for where in (path, f"{B}/sparse"):
    with open(where, "rb") as file:
        check(file.read() == expected, f"{where} reads as something else")
used = os.fstat(fd).st_blocks * 512
check(used < SIZE // 4, f"a file of {len(ISLANDS) * len(DATA)} bytes of data takes {used}")
notes = [f"{used >> 10} KiB of {SIZE >> 20} MiB used"]

# Whatever the version, no hole may be reported where there is data.
position = 0
while (start := seek(fd, position, os.SEEK_DATA)) is not None:
    check(not any(expected[position:start]), f"SEEK_DATA skips data between {position} and {start}")
    position = seek(fd, start, os.SEEK_HOLE)
check(not any(expected[position:]), f"SEEK_DATA finds nothing after {position}, where there is data")
if MINOR >= 2:
    check(seek(fd, 0, os.SEEK_DATA) == 0, "the data at the start is not found")
    hole = seek(fd, 0, os.SEEK_HOLE)
    check(close_to(hole, len(DATA)), f"the first hole is found at {hole}")
    for at in ISLANDS[1:]:
        found = seek(fd, hole, os.SEEK_DATA)
        check(found is not None and found <= at and close_to(found, at), f"data at {at} is found at {found}")
        hole = seek(fd, found, os.SEEK_HOLE)
        check(hole >= at + len(DATA) and close_to(hole, at + len(DATA)), f"the hole after {at} is found at {hole}")
    check(seek(fd, hole, os.SEEK_DATA) is None, "data is found where there is none")
    try:
        allocate(fd, 0, 60 * MIB, 8 * MIB)
        check(os.fstat(fd).st_size == 68 * MIB, "fallocate did not make the file longer")
        os.pwrite(fd, DATA, 20 * MIB)
        allocate(fd, PUNCH_HOLE_KEEP_SIZE, 16 * MIB, 5 * MIB)
        drop_caches()
        check(not any(os.pread(fd, 5 * MIB, 16 * MIB)), "a punched hole does not read as zeros")
        check(os.pread(fd, len(DATA), ISLANDS[2]) == DATA, "punching a hole changed other data")
        check(os.fstat(fd).st_size == 68 * MIB, "punching a hole changed the size")
        notes.append("fallocate and punch hole too")
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        notes.append("the server has no fallocate")
os.ftruncate(fd, ISLANDS[2] + 100)
os.ftruncate(fd, SIZE)
drop_caches()
check(not any(os.pread(fd, MIB, ISLANDS[2] + 100)), "what was cut off is back after truncating up again")
os.close(fd)
print(", ".join(notes))
