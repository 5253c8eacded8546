"""link."""
import errno
import os
import stat

from calls import AT_SYMLINK_FOLLOW, bytes_of, linkat, lstat
from harness import A, B, case, fails, make, ok, opened, same, user, write_file


@case
def names_of_one_file():
    write_file("one", b"shared")
    for i, name in enumerate(("two", "three", "four"), 2):
        ok(os.link, "one", name)
        for each in ("one", name):
            same(f"links by {each}", i, lstat(each).nlink)
        same("number", lstat("one").ino, lstat(name).ino)
    write_file("three", b"changed")
    same("the content by another name", b"changed", bytes_of("four"))
    ok(os.chmod, "two", 0o600)
    ok(os.chown, "two", A, 7)
    same("attributes by another name", (0o600, A, 7), (lstat("four").mode, lstat("four").uid, lstat("four").gid))
    for i, name in enumerate(("one", "two", "three")):
        ok(os.unlink, name)
        same("links left", 3 - i, lstat("four").nlink)
    same("the content by the last name", b"changed", bytes_of("four"))


@case
def into_other_folders():
    os.mkdir("a")
    os.mkdir("b")
    write_file("a/file")
    ok(os.link, "a/file", "b/file")
    same("number", lstat("a/file").ino, lstat("b/file").ino)
    ok(os.unlink, "a/file")
    fails(errno.ENOENT, os.link, "a/file", "b/other")
    fails(errno.EEXIST, os.link, "b/file", "b/file")
    same("links", 1, lstat("b/file").nlink)
    same("links of the folders", (2, 2), (lstat("a").nlink, lstat("b").nlink))


@case
def of_a_link():
    write_file("file")
    os.symlink("file", "link")
    ok(linkat, "link", "same-link")
    same("another name of the link", stat.S_IFLNK, lstat("same-link").type)
    same("number", lstat("link").ino, lstat("same-link").ino)
    ok(linkat, "link", "followed", AT_SYMLINK_FOLLOW)
    same("another name of the target", lstat("file").ino, lstat("followed").ino)
    fails(errno.ENOENT, linkat, make("symlink"), "nowhere", AT_SYMLINK_FOLLOW)
    fails(errno.EINVAL, linkat, "file", "x", 0x4000)


@case
def of_folders():
    os.mkdir("folder")
    for _ in (1, 2):
        fails(errno.EPERM, os.link, "folder", "other")
        os.chown("folder", A, 0)
    with user(A):
        fails((errno.EPERM, errno.EACCES), os.link, "folder", "other")
    same("links of the folder", 2, lstat("folder").nlink)


@case
def permission():
    make("dir", "open", 0o777)
    make("dir", "closed", 0o755)
    make("regular", "open/mine", 0o644, A)
    make("regular", "closed/mine", 0o644, A)
    with user(A):
        ok(os.link, "open/mine", "open/second")
        ok(os.link, "closed/mine", "open/third")
        fails(errno.EACCES, os.link, "open/mine", "closed/second")
        fails(errno.EEXIST, os.link, "open/mine", "open/third")
    with user(B):
        # EPERM where the kernel protects hard links (fs.protected_hardlinks).
        fails((errno.EACCES, errno.EPERM), os.link, "open/mine", "closed/of-b")
    same("links", (2, 2), (lstat("open/mine").nlink, lstat("closed/mine").nlink))


@case
def many():
    write_file("file")
    for i in range(300):
        os.link("file", f"name{i}")
    same("links", 301, lstat("file").nlink)
    same("links by the last name", 301, lstat("name299").nlink)
    for i in range(300):
        os.unlink(f"name{i}")
    same("links in the end", 1, lstat("file").nlink)


@case
def of_what_has_no_name():
    """A file without names is not brought back."""
    write_file("file")
    with opened("file", os.O_RDWR) as descriptor:
        os.unlink("file")
        fails(errno.ENOENT, linkat, f"/proc/self/fd/{descriptor}", "back", AT_SYMLINK_FOLLOW)
