"""Across file systems: EXDEV; where another one is mounted: EBUSY; where it is mounted read-only: EROFS."""
import errno
import os
import stat
import subprocess

from calls import lstat, rename, rmdir, truncate, utimensat
from harness import case, fails, make, ok, same, write_file


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True, stdout=subprocess.DEVNULL)


@case
def another_file_system():
    os.mkdir("other")
    mount("-t", "tmpfs", "none", "other")
    write_file("file")
    write_file("other/file")
    os.mkdir("dir")
    fails(errno.EXDEV, rename, "file", "other/x")
    fails(errno.EXDEV, rename, "other/file", "x")
    fails(errno.EXDEV, rename, "file", "other/file")
    fails(errno.EXDEV, rename, "dir", "other/dir")
    fails(errno.EXDEV, os.link, "file", "other/x")
    fails(errno.EXDEV, os.link, "other/file", "x")
    ok(os.symlink, "other/file", "link")
    same("what there is", ["dir", "file", "link", "other"], sorted(os.listdir(".")))


@case
def mount_points():
    for path in ("point", "dir"):
        os.mkdir(path)
    mount("-t", "tmpfs", "none", "point")
    fails(errno.EBUSY, rmdir, "point")
    fails(errno.EBUSY, rename, "point", "moved")
    fails(errno.EBUSY, rename, "dir", "point")
    fails(errno.EISDIR, os.unlink, "point")
    fails(errno.EEXIST, os.mkdir, "point")
    subprocess.run(["umount", "point"], check=True)
    ok(rename, "point", "moved")
    ok(rmdir, "moved")


@case
def read_only():
    for path in ("tree", "view", "tree/dir"):
        os.mkdir(path)
    write_file("tree/file")
    os.symlink("file", "tree/link")
    mount("--bind", "tree", "view")
    mount("-o", "remount,bind,ro", "view")
    before = lstat("tree/file")
    for call, arguments in (
        (os.chmod, ("view/file", 0o600)), (os.chown, ("view/file", 1, 1)), (os.link, ("view/file", "view/x")), (os.mkdir, ("view/x",)),
        (os.mkfifo, ("view/x",)), (os.mknod, ("view/x", stat.S_IFSOCK | 0o600)), (os.open, ("view/file", os.O_RDWR)),
        (os.open, ("view/x", os.O_CREAT | os.O_WRONLY)), (os.open, ("view/file", os.O_RDONLY | os.O_TRUNC)), (rename, ("view/file", "view/x")),
        (rmdir, ("view/dir",)), (os.symlink, ("a", "view/x")), (truncate, ("view/file", 0)), (os.unlink, ("view/file",)),
        (utimensat, ("view/file", 1, 2)), (os.lchown, ("view/link", 1, 1)),
    ):
        fails(errno.EROFS, call, *arguments)
    fails(errno.ENOENT, os.open, "view/none", os.O_RDONLY)
    fails(errno.EEXIST, os.mkdir, "view/dir")
    ok(os.listdir, "view")
    same("what there is", before, lstat("tree/file"))


@case
def special_places():
    make("regular", "file")
    fails((errno.EXDEV, errno.ENOENT), os.link, "file", "/proc/x")
    fails((errno.ENOENT, errno.EPERM, errno.EACCES), os.mkdir, "/proc/x")
