"""Every class of users (owner, group, by a supplementary group, others) with every triple of bits, for files and folders."""
import errno
import os

from calls import access, bytes_of, lstat, rename, rmdir, truncate
from harness import A, B, GROUP_A, OK, case, fails, fresh, gives, make, ok, same, user, write_file

READ, WRITE, EXECUTE = 4, 2, 1
# Name, uid, gid, supplementary groups, how far its triple is shifted. What the others' triples allow must not matter.
CLASSES = (("owner", A, None, (), 6), ("group", B, GROUP_A, (), 3), ("supplementary", B, None, (7, GROUP_A, 9), 3), ("others", B, None, (), 0))
TRIPLES = range(8)


def mode_of(triple, shift):
    """The triple for the one class, its opposite for all others."""
    mode = 0
    for other in (6, 3, 0):
        mode |= (triple if other == shift else 7 - triple) << other
    return mode


def needs(triple, wanted):
    return OK if triple & wanted == wanted else errno.EACCES


def open_with(path, flags):
    os.close(os.open(path, flags))


@case
def of_files():
    path = write_file("file")
    os.chown(path, A, GROUP_A)
    for _name, uid, gid, groups, shift in CLASSES:
        for triple in TRIPLES:
            os.chmod(path, mode_of(triple, shift))
            with user(uid, gid, groups):
                gives(needs(triple, READ), open_with, path, os.O_RDONLY)
                gives(needs(triple, WRITE), open_with, path, os.O_WRONLY | os.O_APPEND)
                gives(needs(triple, READ | WRITE), open_with, path, os.O_RDWR)
                gives(needs(triple, WRITE), truncate, path, 4)
                for wanted in (READ, WRITE, EXECUTE, READ | WRITE | EXECUTE):
                    gives(needs(triple, wanted), access, path, wanted)
    same("the content", b"data", bytes_of(path))


@case
def of_folders():
    folder = make("dir", "folder", 0o755, A)
    make("regular", "folder/known", owner=B)
    for _name, uid, gid, groups, shift in CLASSES:
        for triple in TRIPLES:
            os.chmod(folder, 0o777)
            for name in ("file", "moved", "source"):
                make("regular", f"folder/{name}", owner=uid)
            make("dir", "folder/sub", 0o755, uid)
            os.chmod(folder, mode_of(triple, shift))
            change = needs(triple, WRITE | EXECUTE)
            with user(uid, gid, groups):
                gives(needs(triple, READ), os.listdir, folder)
                gives(needs(triple, EXECUTE), lstat, "folder/known")
                gives(change, make, "regular", "folder/new")
                gives(change, make, "dir", "folder/newdir")
                gives(change, make, "fifo", "folder/newfifo")
                gives(change, make, "symlink", "folder/newlink")
                gives(change, os.link, "folder/source", "folder/linked")
                gives(change, rename, "folder/moved", "folder/moved2")
                gives(change, os.unlink, "folder/file")
                gives(change, rmdir, "folder/sub")
            os.chmod(folder, 0o755)
            for name in os.listdir(folder):
                if name != "known":
                    path = f"folder/{name}"
                    (os.rmdir if os.path.isdir(path) else os.unlink)(path)


@case
def root_may():
    folder = make("dir", "folder", 0o000, A)
    path = write_file("folder/file")
    os.chmod(path, 0o000)
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
        ok(open_with, path, flags)
    ok(os.listdir, folder)
    ok(truncate, path, 2)
    ok(access, path, READ | WRITE)
    fails(errno.EACCES, access, path, EXECUTE)
    for mode in (0o100, 0o010, 0o001):
        os.chmod(path, mode)
        ok(access, path, EXECUTE)
    ok(access, folder, READ | WRITE | EXECUTE)
    ok(rename, path, "folder/other")
    ok(os.unlink, "folder/other")


@case
def who_has_it_open_goes_on():
    path = write_file("file", b"before")
    os.chown(path, A, GROUP_A)
    with user(A):
        reader = ok(os.open, path, os.O_RDONLY)
        writer = ok(os.open, path, os.O_WRONLY)
    os.chmod(path, 0o000)
    os.chown(path, 0, 0)
    with user(A):
        same("what is read", b"before", ok(os.read, reader, 100))
        same("what is written", 5, ok(os.write, writer, b"after"))
        ok(os.fsync, writer)
        fails(errno.EACCES, os.open, path, os.O_RDONLY)
        fails(errno.EACCES, os.open, path, os.O_WRONLY)
    os.close(reader)
    os.close(writer)
    same("the content", b"aftere", bytes_of(path))


@case
def created_without_permission_for_oneself():
    """open(O_CREAT) gives the access it asks for, whatever the mode says."""
    make("dir", "folder", 0o777, A)
    with user(A):
        for mode in (0o000, 0o400, 0o200, 0o444):
            path = f"folder/{fresh()}"
            descriptor = ok(os.open, path, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode)
            same("mode", mode, lstat(path).mode)
            same("written", 3, ok(os.write, descriptor, b"abc"))
            same("read", b"abc", ok(os.pread, descriptor, 9, 0))
            ok(os.ftruncate, descriptor, 1)
            os.close(descriptor)
            gives(OK if mode & 0o400 else errno.EACCES, open_with, path, os.O_RDONLY)
            gives(OK if mode & 0o200 else errno.EACCES, open_with, path, os.O_WRONLY)


@case
def of_writing_through_links():
    """A link's own mode says nothing; its target's does."""
    path = write_file("file")
    os.chown(path, A, GROUP_A)
    os.chmod(path, 0o600)
    os.symlink("file", "link")
    with user(A):
        ok(open_with, "link", os.O_RDWR)
    with user(B):
        fails(errno.EACCES, open_with, "link", os.O_RDONLY)
        ok(os.readlink, "link")


@case
def many_groups():
    """AUTH_SYS carries sixteen."""
    path = write_file("file")
    os.chown(path, A, GROUP_A)
    os.chmod(path, 0o040)
    for count in (1, 15):
        with user(B, None, tuple(range(70_000, 70_000 + count)) + (GROUP_A,)):
            ok(open_with, path, os.O_RDONLY)
    with user(B, None, tuple(range(70_000, 70_016))):
        fails(errno.EACCES, open_with, path, os.O_RDONLY)
