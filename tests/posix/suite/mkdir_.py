"""mkdir."""
import errno
import os

from calls import lstat, stat_
from harness import A, B, GROUP_A, GROUP_B, case, fails, fresh, make, ok, same, umask, user


@case
def modes():
    for mask in (0o000, 0o022, 0o077, 0o777):
        for mode in (0o777, 0o755, 0o700, 0o151, 0o000):
            path = fresh()
            with umask(mask):
                ok(os.mkdir, path, mode)
            same(f"mode with umask {mask:o}", mode & ~mask, lstat(path).mode)
    ok(os.mkdir, "sticky", 0o1777)
    same("mode with sticky bit", 0o1777, lstat("sticky").mode)


@case
def owner():
    make("dir", "open", 0o777)
    with user(A, GROUP_B, (GROUP_A,)):
        ok(os.mkdir, "open/of-a", 0o700)
    found = lstat("open/of-a")
    same("owner", (A, GROUP_B), (found.uid, found.gid))
    with user(B):
        fails(errno.EACCES, os.mkdir, "open/of-a/sub")


@case
def links():
    for i in range(5):
        same("links of the parent", 2 + i, lstat(".").nlink)
        ok(os.mkdir, f"sub{i}")
        same("links of the new folder", 2, lstat(f"sub{i}").nlink)
    ok(os.mkdir, "sub0/sub")
    same("links of a sub folder", 3, lstat("sub0").nlink)
    same("links of the parent", 7, lstat(".").nlink)
    same("links of ..", 7, stat_("sub0/..").nlink)
    for i in range(4, 0, -1):
        ok(os.rmdir, f"sub{i}")
        same("links of the parent", 2 + i, lstat(".").nlink)


@case
def dots():
    fails(errno.EEXIST, os.mkdir, ".")
    fails(errno.EEXIST, os.mkdir, "..")
    fails(errno.EEXIST, os.mkdir, "/")
    ok(os.mkdir, "sub")
    fails(errno.EEXIST, os.mkdir, "sub/.")
    fails(errno.EEXIST, os.mkdir, "sub/..")
    fails(errno.EEXIST, os.mkdir, "sub")
    fails(errno.EEXIST, os.mkdir, "sub/")
    same("number of .", lstat("sub").ino, lstat("sub/.").ino)
    same("number of ..", lstat(".").ino, lstat("sub/..").ino)


@case
def in_a_folder_that_is_gone():
    os.mkdir("gone")
    os.chdir("gone")
    os.rmdir("../gone")
    for call, arguments in ((os.mkdir, ("x",)), (os.mkfifo, ("x",)), (os.symlink, ("a", "x")), (os.open, ("x", os.O_CREAT | os.O_WRONLY)), (os.listdir, ("x",)), (lstat, ("x",))):
        fails((errno.ENOENT, errno.ESTALE), call, *arguments)
    os.chdir("..")
    same("nothing came of it", [], os.listdir("."))


@case
def through_links():
    os.symlink("nowhere", "link")
    fails(errno.EEXIST, os.mkdir, "link")
    fails(errno.EEXIST, os.mkdir, "link/")
    fails(errno.ENOENT, lstat, "nowhere")
    os.mkdir("real")
    os.symlink("real", "to-real")
    ok(os.mkdir, "to-real/sub")
    same("number", lstat("real/sub").ino, lstat("to-real/sub").ino)
