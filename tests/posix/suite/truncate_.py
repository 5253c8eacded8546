"""truncate and ftruncate."""
import errno
import os
import time

from calls import bytes_of, fstat, ftruncate, lstat, truncate
from harness import A, B, case, fails, make, ok, opened, same, true, user, write_file

SAME_SIZE = "the client does not ask the server for the size that a file has already"
SIZES = (0, 1, 4095, 4096, 4097, 65_536, 1_000_003)


def pattern(size):
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


@case
def to_every_size():
    for before in (0, 5000, 70_000):
        for size in SIZES:
            write_file("file", pattern(before))
            ok(truncate, "file", size)
            same(f"size after {before} to {size}", size, lstat("file").size)
            same("content", (pattern(before) + bytes(size))[:size], bytes_of("file"))


@case
def through_a_descriptor():
    for size in SIZES:
        write_file("file", pattern(5000))
        with opened("file", os.O_RDWR) as descriptor:
            ok(ftruncate, descriptor, size)
            same("size", size, fstat(descriptor).size)
            same("content", (pattern(5000) + bytes(size))[:size], os.pread(descriptor, size + 9, 0))


@case
def nothing_of_the_past_comes_back():
    write_file("file", pattern(50_000))
    ok(truncate, "file", 10)
    ok(truncate, "file", 50_000)
    same("content", pattern(10) + bytes(49_990), bytes_of("file"))
    with opened("file", os.O_RDWR) as descriptor:
        os.pwrite(descriptor, b"end", 40_000)
        ok(ftruncate, descriptor, 40_001)
        ok(ftruncate, descriptor, 40_003)
        same("content", b"e\0\0", os.pread(descriptor, 9, 40_000))


@case
def wrong_sizes():
    write_file("file", b"data")
    fails(errno.EINVAL, truncate, "file", -1)
    fails(errno.EINVAL, truncate, "file", -(2**63))
    fails(errno.EFBIG, truncate, "file", 2**63 - 1)
    with opened("file", os.O_RDWR) as descriptor:
        fails(errno.EINVAL, ftruncate, descriptor, -1)
    with opened("file", os.O_RDONLY) as descriptor:
        fails((errno.EINVAL, errno.EBADF), ftruncate, descriptor, 0)
    same("content", b"data", bytes_of("file"))


@case
def permission():
    make("regular", "of-a", 0o644, A)
    write_file("of-a", b"data")
    with user(B):
        fails(errno.EACCES, truncate, "of-a", 0)
        fails(errno.EACCES, truncate, "of-a", 4)
    with user(A):
        ok(truncate, "of-a", 3)
    os.chmod("of-a", 0o444)
    with user(A):
        fails(errno.EACCES, truncate, "of-a", 0)
    ok(truncate, "of-a", 2)
    os.chmod("of-a", 0o222)
    with user(B):
        ok(truncate, "of-a", 1)
    same("size", 1, lstat("of-a").size)


@case
def large():
    write_file("file", b"start")
    for size in (2**31 - 1, 2**32 + 1, 2**40):
        ok(truncate, "file", size)
        same("size", size, lstat("file").size)
    with opened("file") as descriptor:
        same("the end", b"\0" * 5, os.pread(descriptor, 9, 2**40 - 5))
    ok(truncate, "file", 5)
    same("content", b"start", bytes_of("file"))


@case
def times():
    write_file("file", b"data")
    for size in (4, 2, 8):
        before = lstat("file")
        time.sleep(0.02)
        ok(truncate, "file", size)
        after = lstat("file")
        kept = False if size == before.size else None
        true(f"mtime moves when cut to {size}", after.mtime > before.mtime, kept, SAME_SIZE)
        true(f"ctime moves when cut to {size}", after.ctime > before.ctime, kept, SAME_SIZE)
