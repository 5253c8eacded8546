"""copy_file_range and FICLONE, which 4.2 does on the server and 4.1 through the client, copy what is there."""
import errno
import fcntl
import os

from common import A, B, MINOR, check, drop_caches, read_file, write_file

FICLONE = 0x40049409
MIB = 1 << 20
data = os.urandom(5 * MIB + 777)
write_file(f"{A}/source", data)
source = os.open(f"{A}/source", os.O_RDONLY)


def copy(target, count, from_offset, to_offset):
    while count > 0:
        done = os.copy_file_range(source, target, count, from_offset, to_offset)
        if done == 0:
            return
        count, from_offset, to_offset = count - done, from_offset + done, to_offset + done


notes = []
target = os.open(f"{A}/whole", os.O_RDWR | os.O_CREAT, 0o644)
copy(target, len(data), 0, 0)
drop_caches()
check(os.pread(target, len(data) + 1, 0) == data, "the copy of a whole file differs")
# Over what is there: a part, at odd places, data in the client's cache on both sides.
os.pwrite(target, b"dirty", 100)
copy(target, 3 * MIB, 1001, 100)
expected = bytearray(data)
expected[100 : 100 + 3 * MIB] = data[1001 : 1001 + 3 * MIB]
check(os.pread(target, len(data) + 1, 0) == expected, "a copied part is not where it should be")
drop_caches()
check(read_file(f"{B}/whole") == expected, "the other client sees another copy")
copy(target, 10 * MIB, len(data) - 10, 9 * MIB)
check(os.fstat(target).st_size == 9 * MIB + 10, "a copy past the source's end has the wrong size")
os.close(target)
clone = os.open(f"{A}/clone", os.O_RDWR | os.O_CREAT, 0o644)
try:
    fcntl.ioctl(clone, FICLONE, source)
    drop_caches()
    check(os.pread(clone, len(data) + 1, 0) == data, "a clone differs")
    os.pwrite(clone, b"changed", 0)
    os.fsync(clone)
    check(read_file(f"{B}/source") == data, "writing to a clone changed its source")
    notes.append("clone too")
except OSError as error:
    if error.errno not in (errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL):
        raise
    notes.append(f"no clone{'' if MINOR < 2 else ' on this server'}")
os.close(clone)
os.close(source)
print("; ".join(notes))
