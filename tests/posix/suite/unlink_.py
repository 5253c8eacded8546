"""unlink."""
import errno
import os

from calls import bytes_of, fstat, lstat
from harness import A, B, case, fails, make, ok, opened, same, user, write_file


@case
def an_open_file_stays():
    write_file("file", b"before")
    with opened("file", os.O_RDWR) as descriptor:
        ok(os.unlink, "file")
        fails(errno.ENOENT, lstat, "file")
        same("what is read", b"before", ok(os.read, descriptor, 9))
        same("what is written", 5, ok(os.write, descriptor, b"after"))
        same("what is read of it", b"beforeafter", ok(os.pread, descriptor, 99, 0))
        same("size", 11, fstat(descriptor).size)
        ok(os.ftruncate, descriptor, 3)
        same("size", 3, fstat(descriptor).size)
        ok(os.fchmod, descriptor, 0o600)
        ok(os.fchown, descriptor, A, 5)
        same("attributes", (0o600, A, 5), (fstat(descriptor).mode, fstat(descriptor).uid, fstat(descriptor).gid))
        ok(os.fsync, descriptor)
        write_file("file", b"another")
        same("the one of the same name", b"another", bytes_of("file"))
        same("what was there before", b"bef", ok(os.pread, descriptor, 99, 0))
    same("what is left", ["file"], os.listdir("."))


@case
def links_of_an_open_file():
    write_file("file")
    os.link("file", "other")
    with opened("file") as descriptor:
        ok(os.unlink, "file")
        same("links", 1, lstat("other").nlink)
        ok(os.unlink, "other")
        same("links without a name", 0, fstat(descriptor).nlink)
    same("what is left", [], os.listdir("."))


@case
def opened_by_several():
    write_file("file", b"shared")
    with opened("file") as first:
        with opened("file", os.O_RDWR) as second:
            ok(os.unlink, "file")
            same("written by the second", 6, ok(os.write, second, b"SHARED"))
        same("read by the first after the second is closed", b"SHARED", ok(os.read, first, 9))


@case
def permission():
    make("dir", "closed", 0o755)
    make("dir", "open", 0o777)
    make("regular", "closed/of-a", 0o777, A)
    make("regular", "open/of-root", 0o000)
    with user(A):
        fails(errno.EACCES, os.unlink, "closed/of-a")
        ok(os.unlink, "open/of-root")  # the folder's permission counts, not the file's
    ok(os.unlink, "closed/of-a")


@case
def made_again():
    numbers = set()
    for i in range(20):
        write_file("file", str(i).encode())
        same("content", str(i).encode(), bytes_of("file"))
        numbers.add(lstat("file").ino)
        ok(os.unlink, "file")
        fails(errno.ENOENT, os.open, "file", os.O_RDONLY)


@case
def what_does_not_follow():
    write_file("file")
    os.symlink("file", "link")
    ok(os.unlink, "link")
    same("the target stays", ["file"], os.listdir("."))
    fails(errno.EISDIR, os.unlink, ".")
    fails(errno.EISDIR, os.unlink, "..")
