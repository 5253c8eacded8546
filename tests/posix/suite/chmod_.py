"""chmod and fchmod."""
import errno
import os

from calls import lstat, stat_
from harness import A, B, GROUP_A, GROUP_B, case, fails, make, ok, opened, same, user


@case
def every_bit():
    for kind in ("regular", "dir", "fifo"):
        path = make(kind)
        for bit in range(12):
            ok(os.chmod, path, 1 << bit)
            same(f"mode of a {kind}", 1 << bit, lstat(path).mode)
        for mode in (0o7777, 0o0000, 0o644):
            ok(os.chmod, path, mode)
            same(f"mode of a {kind}", mode, lstat(path).mode)


@case
def through_a_descriptor():
    path = make("regular")
    with opened(path) as descriptor:
        ok(os.fchmod, descriptor, 0o751)
        same("mode", 0o751, lstat(path).mode)
        ok(os.unlink, path)
        ok(os.fchmod, descriptor, 0o640)
    folder = make("dir")
    with opened(folder) as descriptor:
        ok(os.fchmod, descriptor, 0o1777)
    same("mode of the folder", 0o1777, lstat(folder).mode)


@case
def through_a_link():
    path = make("regular")
    os.symlink(path, "link")
    before = lstat("link")
    ok(os.chmod, "link", 0o123)
    same("mode of the target", 0o123, stat_(path).mode)
    same("mode of the link", before.mode, lstat("link").mode)


@case
def whose():
    """Only the owner's, and root's: a group that may write has no say."""
    for kind in ("regular", "dir", "fifo"):
        path = make(kind, mode=0o777, owner=A)
        with user(A):
            ok(os.chmod, path, 0o766)
        for gid, groups in ((GROUP_A, ()), (GROUP_B, (GROUP_A,)), (GROUP_B, ())):
            with user(B, gid, groups):
                fails(errno.EPERM, os.chmod, path, 0o777)
                fails(errno.EPERM, os.chmod, path, 0o766)
        same("mode", 0o766, lstat(path).mode)
        ok(os.chmod, path, 0o600)
        same("mode by root", 0o600, lstat(path).mode)


@case
def through_anothers_descriptor():
    path = make("regular", mode=0o666, owner=A)
    with user(B), opened(path, os.O_RDWR) as descriptor:
        fails(errno.EPERM, os.fchmod, descriptor, 0o600)
    same("mode", 0o666, lstat(path).mode)


@case
def set_group_id_of_a_group_one_is_not_in():
    for kind, mode in (("regular", 0o2755), ("regular", 0o2644), ("regular", 0o6711), ("dir", 0o2755)):
        path = make(kind, owner=A)
        os.chown(path, A, GROUP_B)
        with user(A):
            ok(os.chmod, path, mode)
        same(f"mode of a {kind}", mode & ~0o2000, lstat(path).mode)
        with user(A, GROUP_A, (GROUP_B,)):
            ok(os.chmod, path, mode)
        same(f"mode of a {kind} by a member", mode, lstat(path).mode)
    path = make("regular")
    os.chown(path, 0, GROUP_B)
    ok(os.chmod, path, 0o2755)
    same("mode by root", 0o2755, lstat(path).mode)


@case
def sticky_file():
    path = make("regular", owner=A)
    ok(os.chmod, path, 0o1644)
    same("mode", 0o1644, lstat(path).mode)
    folder = make("dir", owner=A)
    with user(A):
        ok(os.chmod, folder, 0o1755)
    same("mode of the folder", 0o1755, lstat(folder).mode)


@case
def links_share_a_mode():
    path = make("regular")
    os.link(path, "other")
    ok(os.chmod, path, 0o604)
    same("mode by the other name", 0o604, lstat("other").mode)
