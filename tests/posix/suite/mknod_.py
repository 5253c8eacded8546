"""mkfifo and mknod."""
import errno
import os
import stat

from calls import lstat
from harness import A, B, DEVICE, GROUP_A, case, fails, fresh, make, ok, same, umask, user


@case
def modes():
    for kind in (stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFREG):
        for mask, mode in ((0, 0o644), (0, 0o777), (0o022, 0o666), (0o077, 0o777), (0, 0o000), (0, 0o4711), (0, 0o2755)):
            path = fresh()
            with umask(mask):
                ok(os.mknod, path, kind | mode, DEVICE if kind in (stat.S_IFCHR, stat.S_IFBLK) else 0)
            found = lstat(path)
            same(f"type and mode with umask {mask:o}", (kind, mode & ~mask), (found.type, found.mode))


@case
def devices():
    for kind in (stat.S_IFCHR, stat.S_IFBLK):
        for major, minor in ((0, 0), (1, 3), (7, 255), (259, 65_536), (4095, 1_048_575)):
            path = fresh()
            ok(os.mknod, path, kind | 0o600, os.makedev(major, minor))
            same("device", (major, minor), (os.major(lstat(path).rdev), os.minor(lstat(path).rdev)))


@case
def only_root_makes_devices():
    make("dir", "open", 0o777)
    with user(A):
        fails(errno.EPERM, os.mknod, "open/char", stat.S_IFCHR | 0o666, DEVICE)
        fails(errno.EPERM, os.mknod, "open/block", stat.S_IFBLK | 0o666, DEVICE)
        ok(os.mknod, "open/fifo", stat.S_IFIFO | 0o600)
        ok(os.mknod, "open/socket", stat.S_IFSOCK | 0o600)
        ok(os.mknod, "open/regular", stat.S_IFREG | 0o600)
    same("what was made", ["fifo", "regular", "socket"], sorted(os.listdir("open")))
    for name in ("fifo", "socket", "regular"):
        found = lstat(f"open/{name}")
        same(f"owner of the {name}", (A, GROUP_A), (found.uid, found.gid))


@case
def wrong_kinds():
    fails(errno.EPERM, os.mknod, "folder", stat.S_IFDIR | 0o755)
    fails(errno.EINVAL, os.mknod, "link", stat.S_IFLNK | 0o755)
    fails(errno.EINVAL, os.mknod, "other", 0o030000 | 0o755)
    same("nothing came of it", [], os.listdir("."))


@case
def pipes():
    make("dir", "open", 0o777)
    with user(B):
        ok(os.mkfifo, "open/pipe", 0o640)
    found = lstat("open/pipe")
    same("the pipe", (stat.S_IFIFO, 0o640, B, 1, 0), (found.type, found.mode, found.uid, found.nlink, found.size))
    with user(A):
        fails(errno.EACCES, os.open, "open/pipe", os.O_RDONLY | os.O_NONBLOCK)
    with user(B):
        os.close(ok(os.open, "open/pipe", os.O_RDWR | os.O_NONBLOCK))


@case
def bound_sockets():
    import socket

    with socket.socket(socket.AF_UNIX) as listener:
        ok(listener.bind, "socket")
        same("type", stat.S_IFSOCK, lstat("socket").type)
        ok(listener.listen)
        with socket.socket(socket.AF_UNIX) as caller:
            ok(caller.connect, "socket")
    with socket.socket(socket.AF_UNIX) as second:
        fails(errno.EADDRINUSE, second.bind, "socket")
