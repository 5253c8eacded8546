"""A large file written and read back, by its writer without the cache and by another client, is the same."""
import hashlib
import os
import time

from common import A, B, check, drop_caches

MIB = 1 << 20
SIZE = int(os.environ["BIG_MIB"])
path = f"{A}/big"
noise = os.urandom(MIB)


def block(number):
    return number.to_bytes(8, "big") + noise[8:]


expected = hashlib.sha256()
began = time.monotonic()
with open(path, "wb", buffering=0) as file:
    for i in range(SIZE):
        data = block(i)
        expected.update(data)
        check(file.write(data) == MIB, "a short write")
    os.fsync(file.fileno())
written = time.monotonic() - began
check(os.stat(path).st_size == SIZE * MIB, "the size is not what was written")


def digest(where):
    found = hashlib.sha256()
    with open(where, "rb", buffering=0) as file:
        while data := file.read(MIB):
            found.update(data)
    return found.hexdigest()


drop_caches()
began = time.monotonic()
check(digest(path) == expected.hexdigest(), "read back, the file is not what was written")
read = time.monotonic() - began
drop_caches()
check(digest(f"{B}/big") == expected.hexdigest(), "the other client reads something else")
print(f"{SIZE} MiB; write+fsync {SIZE / written:.0f} MiB/s, read {SIZE / read:.0f} MiB/s (checksums included)")
