"""Folders: what is listed, while it changes too."""
import errno
import os

from calls import lstat, rename, stat_
from harness import KINDS, case, fails, fresh, make, ok, same, true, write_file

MANY = 600


@case
def listed_with_kinds():
    made = {make(kind): kind for kind in KINDS}
    with os.scandir(".") as entries:
        found = {entry.name: (entry.inode(), entry.is_dir(follow_symlinks=False), entry.is_symlink(), entry.is_file(follow_symlinks=False)) for entry in entries}
    same("names", sorted(made), sorted(found))
    for name, kind in made.items():
        same(f"what the listing says of a {kind}", (lstat(name).ino, kind == "dir", kind == "symlink", kind == "regular"), found[name])


@case
def many():
    names = [f"entry-{i}" for i in range(MANY)]
    for name in names:
        make("regular", name)
    same("how many are listed", sorted(names), sorted(os.listdir(".")))
    for name in names[::2]:
        os.unlink(name)
    for name in names[1::4]:
        rename(name, f"moved-{name}")
    expected = sorted([f"moved-{name}" for name in names[1::4]] + names[3::4])
    same("what is listed after removing and renaming", expected, sorted(os.listdir(".")))


@case
def removed_while_listed():
    for i in range(MANY):
        make("regular", f"entry-{i}")
    seen = set()
    with os.scandir(".") as entries:
        for entry in entries:
            true("an entry is listed once", entry.name not in seen) if entry.name in seen else seen.add(entry.name)
            os.unlink(entry.name)
    same("how many were listed", MANY, len(seen))
    same("what is left", [], os.listdir("."))


@case
def names_of_all_bytes():
    names = [chr(byte) for byte in range(1, 128) if chr(byte) not in "/."] + ["...", "é", "e\u0301", "日本", "😀", "a" * 255]
    for name in names:
        ok(os.close, os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    same("names", sorted(names), sorted(os.listdir(".")))
    for upper in ("CASE", "case", "Case"):
        ok(os.mkdir, upper)


@case
def deep():
    depth = 200
    for i in range(depth):
        os.mkdir("d")
        os.chdir("d")
    true("the way up is the way down", len(os.getcwd()) > depth * 2)
    write_file("file", b"deep")
    above = lstat("..")
    os.chdir("..")
    same("the folder above", above.ino, lstat(".").ino)
    same("its content", b"deep", open_and_read("d/file"))
    for _ in range(depth - 1):
        os.chdir("..")
    true("one is back", os.path.isdir("d"))


def open_and_read(path):
    with open(path, "rb") as file:
        return file.read()


@case
def numbers_of_dots():
    os.makedirs("a/b")
    here = lstat(".").ino
    for path, expected in (("a/..", here), ("a/b/../..", here), ("a/.", lstat("a").ino), ("a/b/..", lstat("a").ino)):
        same(f"number of {path}", expected, stat_(path).ino)
    rename("a/b", "b")
    same("number of b/..", here, stat_("b/..").ino)


@case
def size_of_names():
    for length in (1, 8, 127, 128, 200, 254, 255):
        name = "n" * length
        ok(os.mkdir, name)
        ok(rename, name, "m" * length)
        ok(os.rmdir, "m" * length)
    fails(errno.ENAMETOOLONG, rename, make("regular", fresh()), "n" * 256)
