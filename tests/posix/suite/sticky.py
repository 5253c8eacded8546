"""The sticky bit: only the file's owner, the folder's owner and root remove or rename what is in it."""
import errno
import os

from calls import lstat, rename, rmdir
from harness import A, B, C, GROUP_A, OK, PRIMARY, case, fails, gives, make, ok, same, user

DENIED = (errno.EPERM, errno.EACCES)


def may(caller, folder_owner, owner):
    return OK if caller in (0, folder_owner, owner) else DENIED


@case
def everybody():
    for folder_owner in (0, A, B):
        folder = make("dir", mode=0o1777, owner=folder_owner)
        for owner in (0, A, B, C):
            for caller in (0, A, B, C):
                for kind in ("regular", "dir", "symlink"):
                    for name in ("removed", "moved", "target"):
                        make(kind, f"{folder}/{name}", 0o777 if kind != "symlink" else 0o644, owner)
                    make(kind, f"{folder}/own", 0o777 if kind != "symlink" else 0o644, caller)
                    expected = may(caller, folder_owner, owner)
                    remove = rmdir if kind == "dir" else os.unlink
                    with user(caller, PRIMARY.get(caller, 0)):
                        gives(expected, remove, f"{folder}/removed")
                        gives(expected, rename, f"{folder}/moved", f"{folder}/elsewhere")
                        gives(expected, rename, f"{folder}/own", f"{folder}/target")
                    for name in os.listdir(folder):
                        (os.rmdir if kind == "dir" else os.unlink)(f"{folder}/{name}")


@case
def between_folders():
    make("dir", "sticky", 0o1777)
    make("dir", "plain", 0o777)
    make("regular", "sticky/of-a", 0o666, A)
    make("regular", "plain/of-a", 0o666, A)
    make("regular", "plain/of-b", 0o666, B)
    with user(B):
        fails(DENIED, rename, "sticky/of-a", "plain/taken")
        fails(DENIED, rename, "plain/of-b", "sticky/of-a")
        ok(rename, "plain/of-a", "sticky/brought")  # not B's, but no entry of the sticky folder is lost
        fails(DENIED, os.unlink, "sticky/brought")
        ok(os.link, "plain/of-b", "sticky/linked")
        ok(rename, "sticky/linked", "plain/linked")
    same("what is there", ["brought", "of-a"], sorted(os.listdir("sticky")))


@case
def adding_and_writing():
    folder = make("dir", mode=0o1777)
    make("regular", f"{folder}/of-a", 0o666, A)
    with user(B):
        ok(os.mkdir, f"{folder}/sub")
        ok(os.symlink, "x", f"{folder}/link")
        with open(f"{folder}/of-a", "r+b", buffering=0) as file:
            same("written", 1, ok(file.write, b"x"))
        ok(rename, f"{folder}/sub", f"{folder}/sub2")
        ok(rmdir, f"{folder}/sub2")


@case
def without_write_permission():
    """The bit gives nothing."""
    folder = make("dir", mode=0o1755)
    make("regular", f"{folder}/of-a", 0o666, A)
    with user(A):
        fails(errno.EACCES, os.unlink, f"{folder}/of-a")
        fails(errno.EACCES, rename, f"{folder}/of-a", f"{folder}/x")


@case
def by_group():
    folder = make("dir", mode=0o1770, owner=A)
    make("regular", f"{folder}/of-a", 0o660, A)
    with user(B, None, (GROUP_A,)):
        fails(DENIED, os.unlink, f"{folder}/of-a")
        ok(make, "regular", f"{folder}/of-b")
        ok(os.unlink, f"{folder}/of-b")
    os.chmod(folder, 0o770)
    with user(B, None, (GROUP_A,)):
        ok(os.unlink, f"{folder}/of-a")


@case
def moving_folders_of_others():
    make("dir", "sticky", 0o1777)
    make("dir", "plain", 0o777)
    make("dir", "sticky/of-a", 0o777, A)
    with user(B):
        fails(DENIED, rename, "sticky/of-a", "plain/of-a")
    with user(A):
        ok(rename, "sticky/of-a", "plain/of-a")
    same("links", (2, 3), (lstat("sticky").nlink, lstat("plain").nlink))
