"""A file that is unlinked stays readable and writable for those who have it open, at any mount, until they close it."""
import os
import time

from common import A, B, check, drop_caches, write_file

DATA = os.urandom(300_000)
for number, where in enumerate((A, B)):
    name = f"file-{number}"
    write_file(f"{A}/{name}", DATA)
    fd = os.open(f"{where}/{name}", os.O_RDWR)
    os.unlink(f"{A}/{name}")
    check(not os.path.exists(f"{A}/{name}"), "an unlinked name is still there")
    drop_caches()
    check(os.pread(fd, len(DATA) + 1, 0) == DATA, f"an unlinked file, open through {where}, reads as something else")
    os.pwrite(fd, b"more", len(DATA))
    os.fsync(fd)
    drop_caches()
    check(os.pread(fd, 4, len(DATA)) == b"more", f"what was written to an unlinked file through {where} is lost")
    os.ftruncate(fd, 10)
    check(os.fstat(fd).st_size == 10, "an unlinked file cannot be truncated")
    # A new file of the same name is another one.
    write_file(f"{A}/{name}", b"another")
    check(os.pread(fd, 20, 0) == DATA[:10], "the new file of the same name shows in the open one")
    os.close(fd)
with open(f"{A}/scratch", "w+b") as file:  # as tempfile does: unlinked before anything is written
    os.unlink(f"{A}/scratch")
    file.write(DATA)
    file.flush()
    os.fsync(file.fileno())
    drop_caches()
    file.seek(0)
    check(file.read() == DATA, "a scratch file lost its data")
time.sleep(0.1)
left = [name for name in os.listdir(A) if name.startswith(".nfs")]
check(not left, f"left behind: {left}")
print("through both mounts")
