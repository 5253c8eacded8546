"""chown, lchown and fchown."""
import errno
import os

from calls import lstat
from harness import A, B, GROUP_A, GROUP_B, GROUP_C, KINDS, case, fails, make, ok, opened, same, user


def owner(path):
    found = lstat(path)
    return found.uid, found.gid


@case
def by_root():
    for kind in KINDS:
        path = make(kind)
        for uid, gid, expected in ((A, GROUP_B, (A, GROUP_B)), (-1, GROUP_A, (A, GROUP_A)), (B, -1, (B, GROUP_A)), (-1, -1, (B, GROUP_A)), (0, 0, (0, 0)), (4_000_000_000, 4_000_000_001, (4_000_000_000, 4_000_000_001))):
            ok(os.lchown, path, uid, gid)
            same(f"owner of the {kind}", expected, owner(path))


@case
def by_the_owner():
    for kind in ("regular", "dir", "fifo", "symlink"):
        path = make(kind, owner=A)
        with user(A, GROUP_A, (GROUP_B,)):
            fails(errno.EPERM, os.lchown, path, B, -1)
            fails(errno.EPERM, os.lchown, path, 0, 0)
            fails(errno.EPERM, os.lchown, path, -1, GROUP_C)
            fails(errno.EPERM, os.lchown, path, A, GROUP_C)
            fails(errno.EPERM, os.lchown, path, B, GROUP_B)
            same(f"owner of the {kind} after refusals", (A, GROUP_A), owner(path))
            ok(os.lchown, path, -1, GROUP_B)
            same(f"group of the {kind}", (A, GROUP_B), owner(path))
            ok(os.lchown, path, A, GROUP_A)
            same(f"group of the {kind} again", (A, GROUP_A), owner(path))
            ok(os.lchown, path, A, -1)
            ok(os.lchown, path, -1, -1)
        os.lchown(path, A, GROUP_C)
        with user(A, GROUP_A):
            ok(os.lchown, path, A, GROUP_C)  # as it is
            ok(os.lchown, path, -1, GROUP_A)
        same(f"group of the {kind} by its owner", (A, GROUP_A), owner(path))


@case
def by_others():
    for kind in ("regular", "dir", "symlink"):
        path = make(kind, owner=A, mode=0o777)
        for gid, groups in ((GROUP_A, ()), (GROUP_B, (GROUP_A,)), (GROUP_B, ())):
            with user(B, gid, groups):
                for uid, new in ((B, -1), (-1, gid if gid != GROUP_A else GROUP_B), (B, GROUP_B), (0, 0)):
                    fails(errno.EPERM, os.lchown, path, uid, new)
        same(f"owner of the {kind}", (A, GROUP_A), owner(path))


@case
def through_a_link():
    path = make("regular")
    os.symlink(path, "link")
    ok(os.chown, "link", A, GROUP_A)
    same("owner of the target", (A, GROUP_A), owner(path))
    same("owner of the link", (0, 0), owner("link"))
    ok(os.lchown, "link", B, GROUP_B)
    same("owner of the target", (A, GROUP_A), owner(path))
    same("owner of the link", (B, GROUP_B), owner("link"))
    fails(errno.ENOENT, os.chown, make("symlink"), A, GROUP_A)


@case
def through_a_descriptor():
    path = make("regular", mode=0o666)
    with opened(path, os.O_RDWR) as descriptor:
        ok(os.fchown, descriptor, A, GROUP_A)
        same("owner", (A, GROUP_A), owner(path))
        with user(B):
            fails(errno.EPERM, os.fchown, descriptor, B, -1)
        with user(A, GROUP_A, (GROUP_B,)):
            ok(os.fchown, descriptor, -1, GROUP_B)
    same("owner", (A, GROUP_B), owner(path))


@case
def what_it_gives():
    """The new owner may what owners may, the old one no more."""
    path = make("regular", mode=0o600, owner=A)
    ok(os.chown, path, B, GROUP_B)
    with user(A):
        fails(errno.EACCES, os.open, path, os.O_RDONLY)
        fails(errno.EPERM, os.chmod, path, 0o666)
    with user(B):
        ok(os.chmod, path, 0o640)
        os.close(ok(os.open, path, os.O_RDWR))
    with user(A, GROUP_A, (GROUP_B,)):
        os.close(ok(os.open, path, os.O_RDONLY))
