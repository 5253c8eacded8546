"""rmdir."""
import errno
import os

from calls import lstat, rmdir
from harness import A, B, KINDS, case, fails, make, ok, opened, same, user, write_file


@case
def not_empty():
    for kind in KINDS:
        folder = make("dir", mode=0o755)
        make(kind, f"{folder}/entry")
        fails((errno.ENOTEMPTY, errno.EEXIST), rmdir, folder)
        (os.rmdir if kind == "dir" else os.unlink)(f"{folder}/entry")
        ok(rmdir, folder)
        fails(errno.ENOENT, lstat, folder)


@case
def dots():
    os.makedirs("a/b")
    fails(errno.EINVAL, rmdir, ".")
    fails(errno.EINVAL, rmdir, "a/.")
    fails(errno.EINVAL, rmdir, "a/b/.")
    fails(errno.ENOTEMPTY, rmdir, "..")
    fails(errno.ENOTEMPTY, rmdir, "a/..")
    fails(errno.ENOTEMPTY, rmdir, "a/b/..")
    fails(errno.EBUSY, rmdir, "/")
    ok(rmdir, "a/b/")
    ok(rmdir, "a//")


@case
def permission():
    make("dir", "closed", 0o755)
    make("dir", "open", 0o777)
    make("dir", "closed/of-a", 0o755, A)
    make("dir", "open/of-a", 0o700, A)
    with user(A):
        fails(errno.EACCES, rmdir, "closed/of-a")
    with user(B):
        fails(errno.EACCES, rmdir, "closed/of-a")
        ok(rmdir, "open/of-a")


@case
def while_somebody_is_in_it():
    os.mkdir("dir")
    with opened("dir") as descriptor:
        os.chdir("dir")
        ok(rmdir, "../dir")
        same("what it lists", [], listed(descriptor))
        fails((errno.ENOENT, errno.ESTALE), os.open, "x", os.O_CREAT | os.O_WRONLY)
        fails((errno.ENOENT, errno.ESTALE), os.mkdir, "x")
        fails((errno.ENOENT, errno.ESTALE), os.getcwd)
        os.chdir("..")
    ok(os.mkdir, "dir")
    same("the new one", [], os.listdir("dir"))


def listed(descriptor):
    """A folder that is gone lists nothing, or says that it is gone."""
    try:
        return os.listdir(descriptor)
    except OSError as error:
        return [] if error.errno in (errno.ENOENT, errno.ESTALE) else error


@case
def after_much_came_and_went():
    os.mkdir("dir")
    for i in range(200):
        write_file(f"dir/{i}", b"")
    fails(errno.ENOTEMPTY, rmdir, "dir")
    for i in range(200):
        os.unlink(f"dir/{i}")
    ok(rmdir, "dir")
    same("links of the parent", 2, lstat(".").nlink)
