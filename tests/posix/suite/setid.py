"""Set-user-id and set-group-id: what gives them away, and what keeps them."""
import os

from calls import ftruncate, lstat, truncate
from harness import A, B, GROUP_A, GROUP_B, case, make, ok, opened, same, user


def set_mode(path, mode):
    os.chmod(path, mode)
    same("mode to begin with", mode, lstat(path).mode)


@case
def owner_changes():
    for mode, left in ((0o6755, 0o755), (0o4755, 0o755), (0o2755, 0o755), (0o6777, 0o777), (0o4644, 0o644), (0o7711, 0o1711)):
        for uid, gid in ((B, GROUP_B), (B, -1), (-1, GROUP_B)):
            path = make("regular", mode=0o644, owner=A)
            set_mode(path, mode)
            ok(os.chown, path, uid, gid)
            same("mode after root's chown", left, lstat(path).mode)


@case
def the_owner_changes_the_group():
    for mode in (0o6755, 0o4755, 0o2755, 0o6711):
        path = make("regular", mode=0o644, owner=A)
        set_mode(path, mode)
        with user(A, GROUP_A, (GROUP_B,)):
            ok(os.chown, path, -1, GROUP_B)
        same("mode after chown", mode & 0o777, lstat(path).mode)


@case
def folders_keep_theirs():
    for mode in (0o6755, 0o2775, 0o7777):
        path = make("dir", mode=0o755, owner=A)
        set_mode(path, mode)
        ok(os.chown, path, B, GROUP_B)
        same("mode after root's chown", mode, lstat(path).mode)
        ok(os.mkdir, f"{path}/sub")
        same("mode after a change in it", mode, lstat(path).mode)


@case
def written():
    for mode, left in ((0o6777, 0o777), (0o4777, 0o777), (0o2777, 0o777), (0o4666, 0o666), (0o2677, 0o677)):
        path = make("regular", mode=0o644)
        set_mode(path, mode)
        with user(B), opened(path, os.O_WRONLY) as descriptor:
            same("written", 1, ok(os.write, descriptor, b"x"))
            ok(os.fsync, descriptor)
        same("mode after another's write", left, lstat(path).mode)


@case
def written_by_the_owner():
    path = make("regular", mode=0o644, owner=A)
    set_mode(path, 0o4755)
    with user(A), opened(path, os.O_WRONLY) as descriptor:
        same("written", 1, ok(os.write, descriptor, b"x"))
        ok(os.fsync, descriptor)
    same("mode after the owner's write", 0o755, lstat(path).mode)


@case
def written_by_root():
    path = make("regular", mode=0o644, owner=A)
    set_mode(path, 0o6755)
    with opened(path, os.O_WRONLY) as descriptor:
        same("written", 1, ok(os.write, descriptor, b"x"))
        ok(os.fsync, descriptor)
    same("mode after root's write", 0o6755, lstat(path).mode)


@case
def cut():
    for size in (0, 3, 8):
        for call in (by_path, by_descriptor, by_opening):
            path = make("regular", mode=0o644)
            with opened(path, os.O_WRONLY) as descriptor:
                os.write(descriptor, b"data")
            set_mode(path, 0o6777)
            with user(B):
                ok(call, path, size)
            same("mode after another cut it", 0o777, lstat(path).mode)


def by_path(path, size):
    truncate(path, size)


def by_descriptor(path, size):
    with opened(path, os.O_WRONLY) as descriptor:
        ftruncate(descriptor, size)


def by_opening(path, _size):
    os.close(os.open(path, os.O_WRONLY | os.O_TRUNC))


@case
def what_keeps_them():
    path = make("regular", mode=0o644, owner=A)
    set_mode(path, 0o6755)
    with user(A):
        os.close(ok(os.open, path, os.O_RDWR))
        ok(os.utime, path, (1, 2))
        ok(os.chmod, path, 0o6711)
    ok(os.link, path, "linked")
    ok(os.rename, path, "renamed")
    with opened("renamed") as descriptor:
        ok(os.read, descriptor, 1)
    same("mode", 0o6711, lstat("renamed").mode)


@case
def inherited_group():
    folder = make("dir", mode=0o777)
    os.chown(folder, 0, GROUP_B)
    os.chmod(folder, 0o2777)
    with user(A):
        for kind in ("regular", "dir", "fifo", "socket", "symlink"):
            path = f"{folder}/{kind}"
            if kind == "dir":
                ok(os.mkdir, path, 0o755)
            else:
                ok(make, kind, path)
            found = lstat(path)
            same(f"owner of the {kind}", (A, GROUP_B), (found.uid, found.gid))
            if kind != "symlink":
                same(f"set-group-id of the {kind}", 0o2000 if kind == "dir" else 0, found.mode & 0o2000)
        ok(make, "regular", f"{folder}/dir/inside")
        same("group further down", GROUP_B, lstat(f"{folder}/dir/inside").gid)
        os.mkdir(f"{folder}/plain", 0o700)
    same("mode of a folder", 0o2700, lstat(f"{folder}/plain").mode)
    os.chmod(folder, 0o777)
    with user(A):
        ok(make, "regular", f"{folder}/own")
    same("group without the bit", GROUP_A, lstat(f"{folder}/own").gid)


@case
def asked_for_where_the_group_is_inherited():
    """A program's set-group-id bit is not to be had for a group that one is not in."""
    folder = make("dir", mode=0o777)
    os.chown(folder, 0, GROUP_B)
    os.chmod(folder, 0o2777)
    with user(A):
        os.close(ok(os.open, f"{folder}/program", os.O_CREAT | os.O_WRONLY, 0o2755))
    same("mode", 0o755, lstat(f"{folder}/program").mode)
    with user(A, None, (GROUP_B,)):
        os.close(ok(os.open, f"{folder}/member", os.O_CREAT | os.O_WRONLY, 0o2755))
    same("mode for a member", 0o2755, lstat(f"{folder}/member").mode)
