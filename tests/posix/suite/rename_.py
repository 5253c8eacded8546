"""rename."""
import errno
import os

from calls import RENAME_EXCHANGE, RENAME_NOREPLACE, bytes_of, fstat, lstat, rename, renameat2, stat_
from harness import A, B, case, fails, make, ok, opened, same, true, user, write_file


@case
def to_itself():
    write_file("file", b"x")
    os.link("file", "other")
    os.mkdir("dir")
    for path in ("file", "dir"):
        before = lstat(path)
        ok(rename, path, path)
        same(f"the {path}", before, lstat(path))
    ok(rename, "file", "other")
    same("two names of one file stay", 2, lstat("file").nlink)
    same("number", lstat("file").ino, lstat("other").ino)


@case
def over_another_file():
    write_file("new", b"new")
    write_file("old", b"old")
    os.link("old", "old-too")
    moved = lstat("new")
    ok(rename, "new", "old")
    same("content", b"new", bytes_of("old"))
    same("number", moved.ino, lstat("old").ino)
    same("links of what was replaced", 1, lstat("old-too").nlink)
    same("content of what was replaced", b"old", bytes_of("old-too"))
    fails(errno.ENOENT, lstat, "new")


@case
def over_an_open_file():
    write_file("new", b"new")
    write_file("old", b"old")
    with opened("old", os.O_RDWR) as descriptor:
        ok(rename, "new", "old")
        same("content of what is still open", b"old", ok(os.read, descriptor, 9))
        same("written to it", 4, ok(os.pwrite, descriptor, b"more", 3))
        same("content of what is still open", b"oldmore", ok(os.pread, descriptor, 99, 0))
    same("content", b"new", bytes_of("old"))


@case
def while_open():
    with opened("file", os.O_CREAT | os.O_RDWR, 0o600) as descriptor:
        os.write(descriptor, b"one")
        ok(rename, "file", "renamed")
        os.write(descriptor, b"two")
        same("the same file", lstat("renamed").ino, fstat(descriptor).ino)
    same("content", b"onetwo", bytes_of("renamed"))


@case
def folders_and_their_links():
    for path in ("a", "b", "a/sub", "a/sub/deep"):
        os.mkdir(path)
    same("links before", (3, 2), (lstat("a").nlink, lstat("b").nlink))
    ok(rename, "a/sub", "b/sub")
    same("links after", (2, 3), (lstat("a").nlink, lstat("b").nlink))
    same("links of what moved", 3, lstat("b/sub").nlink)
    same("its ..", lstat("b").ino, stat_("b/sub/..").ino)
    true("what is in it", os.path.isdir("b/sub/deep"))
    os.mkdir("a/sub")
    ok(rename, "a/sub", "b/sub/deep")
    same("links after replacing an empty folder", (2, 3, 3), (lstat("a").nlink, lstat("b").nlink, lstat("b/sub").nlink))
    ok(rename, "b/sub", "b/renamed")
    same("links after renaming in place", 3, lstat("b").nlink)


@case
def over_folders():
    for path in ("new", "empty", "full", "full/x"):
        os.mkdir(path)
    write_file("new/inside")
    fails((errno.ENOTEMPTY, errno.EEXIST), rename, "new", "full")
    same("what is in it", ["x"], os.listdir("full"))
    ok(rename, "new", "empty")
    same("what is in it", ["inside"], os.listdir("empty"))
    fails(errno.ENOENT, lstat, "new")
    ok(rename, "full/x", "y")
    ok(rename, "empty", "full")
    same("what is in it", ["inside"], os.listdir("full"))
    same("links", 4, lstat(".").nlink)


@case
def below_itself():
    os.makedirs("a/b/c")
    os.makedirs("other")
    before = lstat("a")
    for target in ("a/x", "a/b", "a/b/c", "a/b/x", "a/b/c/x", "other/../a/b/x"):
        fails(errno.EINVAL, rename, "a", target)
    fails(errno.EINVAL, rename, "a/b", "a/b/c/d")
    fails(errno.ENOTEMPTY, rename, "a/b/c", "a")
    fails(errno.ENOTEMPTY, rename, "a/b", "a")
    same("the folder", before, lstat("a"))
    ok(rename, "a/b", "other/b")
    ok(rename, "a", "other/b/c/a")
    true("it can be moved below what was below it", os.path.isdir("other/b/c/a"))
    fails(errno.EINVAL, rename, "other/b", "other/b/c/a/b")


@case
def dots():
    os.makedirs("a/b")
    for path in (".", "..", "a/.", "a/.."):
        fails((errno.EBUSY, errno.EINVAL), rename, path, "x")
        fails((errno.EBUSY, errno.EINVAL, errno.ENOTEMPTY), rename, "a/b", path)


@case
def permission():
    make("dir", "open", 0o777)
    make("dir", "closed", 0o755)
    for folder in ("open", "closed"):
        for name in ("file", "target"):
            make("regular", f"{folder}/{name}", 0o666, A)
        make("dir", f"{folder}/dir", 0o755, A)
    with user(A):
        fails(errno.EACCES, rename, "open/file", "closed/file2")
        fails(errno.EACCES, rename, "open/file", "closed/target")
        fails(errno.EACCES, rename, "closed/file", "open/file2")
        fails(errno.EACCES, rename, "closed/file", "closed/file2")
        fails(errno.EACCES, rename, "closed/dir", "closed/dir2")
        ok(rename, "open/file", "open/target")
        ok(rename, "open/dir", "open/dir2")
    same("what is left", ["dir2", "target"], sorted(os.listdir("open")))


@case
def a_folder_one_may_not_write():
    """A folder that changes its parent is written to: its ".." is another."""
    for path in ("a", "b"):
        make("dir", path, 0o777)
    make("dir", "a/others", 0o755, A)
    make("dir", "a/mine", 0o555, B)
    with user(B):
        fails(errno.EACCES, rename, "a/others", "b/others")
        fails(errno.EACCES, rename, "a/mine", "b/mine")
        ok(rename, "a/others", "a/in-place")
        ok(rename, "a/mine", "a/mine-too")
        os.chmod("a/mine-too", 0o755)
        ok(rename, "a/mine-too", "b/mine")


@case
def missing():
    os.mkdir("dir")
    write_file("file")
    fails(errno.ENOENT, rename, "none", "x")
    fails(errno.ENOENT, rename, "none", "file")
    fails(errno.ENOENT, rename, "none", "dir")
    fails(errno.ENOENT, rename, "file", "dir/none/x")
    fails(errno.ENOENT, rename, "dir/none", "file")
    fails(errno.ENOTDIR, rename, "file/x", "y")
    fails(errno.ENOTDIR, rename, "dir", "file/x")
    same("what there was", ["dir", "file"], sorted(os.listdir(".")))


@case
def links_are_not_followed():
    write_file("file", b"x")
    os.symlink("file", "link")
    os.mkdir("dir")
    os.symlink("dir", "to-dir")
    ok(rename, "link", "link2")
    same("target", "file", os.readlink("link2"))
    write_file("new", b"new")
    ok(rename, "new", "link2")
    same("the link was replaced", b"new", bytes_of("link2"))
    same("its target stays", b"x", bytes_of("file"))
    fails(errno.ENOTDIR, rename, "dir", "to-dir")
    ok(rename, "file", "to-dir")
    same("content", b"x", bytes_of("to-dir"))


@case
def flags():
    write_file("one", b"1")
    write_file("two", b"2")
    kernel = (errno.EEXIST, errno.EINVAL)
    fails(kernel, renameat2, "one", "two", RENAME_NOREPLACE)
    fails(errno.ENOENT, renameat2, "none", "two", RENAME_EXCHANGE)
    fails(errno.EINVAL, renameat2, "one", "two", RENAME_EXCHANGE | RENAME_NOREPLACE)
    fails(errno.EINVAL, renameat2, "one", "two", 1 << 20)
    same("content", (b"1", b"2"), (bytes_of("one"), bytes_of("two")))


@case
def names_come_free():
    for i in range(50):
        write_file("temporary", str(i).encode())
        ok(rename, "temporary", "file")
        same("content", str(i).encode(), bytes_of("file"))
    same("what there is", ["file"], os.listdir("."))
