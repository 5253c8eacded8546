"""symlink and readlink."""
import errno
import os
import stat

from calls import lstat
from harness import A, B, GROUP_A, case, fails, fresh, make, ok, same, umask, user, write_file


@case
def targets():
    for target in ("x", "a" * 255, "../" * 300 + "x", "/absolute/path", "/", ".", "..", "with blank", "new\nline", "ünïcødé/語", "a" * 4095, "//a//b//", "trailing/"):
        path = fresh()
        ok(os.symlink, target, path)
        same("target", target, ok(os.readlink, path))
        found = lstat(path)
        same("type and size", (stat.S_IFLNK, len(os.fsencode(target)), 1), (found.type, found.size, found.nlink))


@case
def owner_and_mode():
    make("dir", "open", 0o777)
    with user(A), umask(0o777):
        ok(os.symlink, "x", "open/link")
    found = lstat("open/link")
    same("owner", (A, GROUP_A), (found.uid, found.gid))
    same("mode", 0o777, found.mode)
    with user(B):
        same("read by another", "x", ok(os.readlink, "open/link"))
    make("dir", "closed", 0o755)
    with user(A):
        fails(errno.EACCES, os.symlink, "x", "closed/link")


@case
def relative_to_where_it_is():
    os.makedirs("a/b")
    write_file("a/file", b"of a")
    os.symlink("file", "a/link")
    write_file("file", b"of the top")
    ok(os.rename, "a/link", "link")
    with open("link", "rb") as file:
        same("what it leads to after moving", b"of the top", file.read())


@case
def removed_and_made_again():
    for target in ("one", "two"):
        ok(os.symlink, target, "link")
        same("target", target, ok(os.readlink, "link"))
        ok(os.unlink, "link")
        fails(errno.ENOENT, os.readlink, "link")
    os.symlink("one", "link")
    os.symlink("two", "fresh")
    ok(os.rename, "fresh", "link")
    same("target after replacing", "two", ok(os.readlink, "link"))


@case
def times_and_owner_of_its_own():
    write_file("file")
    os.symlink("file", "link")
    before = lstat("file")
    ok(os.utime, "link", ns=(1_000_000_007, 2_000_000_009), follow_symlinks=False)
    same("its times", (1_000_000_007, 2_000_000_009), (lstat("link").atime, lstat("link").mtime))
    ok(os.lchown, "link", A, GROUP_A)
    same("its target's attributes", before, lstat("file"))
