"""Which times a call moves: of the object, of the folder it is in; and that a refused call moves none."""
import errno
import os
import time

from calls import ftruncate, lstat, rename, rmdir, truncate, utimensat
from harness import A, case, fails, make, ok, opened, same, true, user, write_file

PAUSE = 0.02
OLD = 1_000_000_000_000_000_000


def moves(what, call, *arguments, watched, moved):
    """`moved` names the times that the call has to move, such as "dir.mtime"; all others of `watched` have to stay."""
    before = {name: lstat(path) for name, path in watched.items()}
    time.sleep(PAUSE)
    ok(call, *arguments)
    for name, path in watched.items():
        after = lstat(path)
        for which in ("atime", "mtime", "ctime"):
            was, came = getattr(before[name], which), getattr(after, which)
            if f"{name}.{which}" in moved:
                true(f"{which} of {name} moves by {what}", came > was)
            else:
                same(f"{which} of {name} stays as {what}", was, came)


FOLDER = ("dir.mtime", "dir.ctime")


@case
def making():
    os.mkdir("dir")
    write_file("file")
    watched = {"dir": "dir"}
    moves("a folder is made", os.mkdir, "dir/sub", watched=watched, moved=FOLDER)
    moves("a file is made", make, "regular", "dir/file", watched=watched, moved=FOLDER)
    moves("a pipe is made", os.mkfifo, "dir/pipe", watched=watched, moved=FOLDER)
    moves("a symbolic link is made", os.symlink, "x", "dir/link", watched=watched, moved=FOLDER)
    moves("a device is made", os.mknod, "dir/dev", 0o020600, 259, watched=watched, moved=FOLDER)
    moves("a link is made", os.link, "file", "dir/linked", watched={"dir": "dir", "file": "file"}, moved=(*FOLDER, "file.ctime"))
    for name in ("sub", "file", "pipe", "link"):
        found = lstat(f"dir/{name}")
        true(f"times of a new {name} are its making", found.atime == found.mtime == found.ctime or max(found[7:10]) - min(found[7:10]) < 5e9)


@case
def removing():
    for path in ("dir", "dir/sub"):
        os.mkdir(path)
    write_file("file")
    os.link("file", "dir/linked")
    for name in ("plain", "pipe"):
        make("regular" if name == "plain" else "fifo", f"dir/{name}")
    watched = {"dir": "dir", "file": "file"}
    moves("a folder is removed", rmdir, "dir/sub", watched=watched, moved=FOLDER)
    moves("a file is removed", os.unlink, "dir/plain", watched=watched, moved=FOLDER)
    moves("a pipe is removed", os.unlink, "dir/pipe", watched=watched, moved=FOLDER)
    moves("a link is removed", os.unlink, "dir/linked", watched=watched, moved=(*FOLDER, "file.ctime"))


@case
def renaming():
    for path in ("dir", "other", "dir/sub"):
        os.mkdir(path)
    write_file("dir/file")
    watched = {"dir": "dir", "other": "other"}
    both = (*FOLDER, "other.mtime", "other.ctime")
    moves("a file is renamed", rename, "dir/file", "dir/file2", watched=watched, moved=FOLDER)
    moves("a file moves", rename, "dir/file2", "other/file", watched=watched, moved=both)
    moves("a folder moves", rename, "dir/sub", "other/sub", watched=watched, moved=both)
    before = lstat("other/file")
    rename("other/file", "other/moved")
    same("mtime of what moves", before.mtime, lstat("other/moved").mtime)
    write_file("dir/new")
    os.link("other/moved", "kept")
    moves("a file is replaced", rename, "dir/new", "other/moved", watched={**watched, "kept": "kept"}, moved=(*both, "kept.ctime"))


@case
def attributes():
    for kind in ("regular", "dir", "fifo"):
        path = make(kind)
        watched = {"it": path, "dir": "."}
        moves("its mode is set", os.chmod, path, 0o600, watched=watched, moved=("it.ctime",))
        moves("its owner is set", os.chown, path, A, 7, watched=watched, moved=("it.ctime",))
        moves("its times are set", utimensat, path, "omit", "now", watched=watched, moved=("it.ctime", "it.mtime"))
        moves("its atime is set", utimensat, path, "now", "omit", watched=watched, moved=("it.ctime", "it.atime"))


def append(path, data):
    with opened(path, os.O_WRONLY | os.O_APPEND) as descriptor:
        os.write(descriptor, data)
        os.fsync(descriptor)


def cut_by_descriptor(path, size):
    with opened(path, os.O_WRONLY) as descriptor:
        ftruncate(descriptor, size)


def open_only(path, flags):
    os.close(os.open(path, flags))


@case
def content():
    path = write_file("file")
    watched = {"it": path, "dir": "."}
    both = ("it.mtime", "it.ctime")
    moves("it is written", append, path, b"more", watched=watched, moved=both)
    moves("nothing is written", append, path, b"", watched=watched, moved=())
    moves("it is cut", truncate, path, 3, watched=watched, moved=both)
    moves("it is cut through a descriptor", cut_by_descriptor, path, 2, watched=watched, moved=both)
    moves("it is extended", truncate, path, 5000, watched=watched, moved=both)
    moves("it is emptied by opening", open_only, path, os.O_WRONLY | os.O_TRUNC, watched=watched, moved=both)
    moves("it is opened to write", open_only, path, os.O_RDWR, watched=watched, moved=())
    moves("it is opened with O_CREAT", open_only, path, os.O_RDWR | os.O_CREAT, watched=watched, moved=())
    moves("it is looked at", os.stat, path, watched=watched, moved=())


@case
def reading():
    """A file system may be mounted with relatime or noatime: what is certain is that reading moves nothing else."""
    path = write_file("file")
    os.mkdir("dir")
    os.symlink("file", "link")
    for call, target in ((read_all, path), (os.listdir, "dir"), (os.readlink, "link")):
        before = lstat(target)
        time.sleep(PAUSE)
        ok(call, target)
        after = lstat(target)
        same(f"mtime and ctime of the {target}", (before.mtime, before.ctime), (after.mtime, after.ctime))
        true(f"atime of the {target} does not go back", after.atime >= before.atime)


def read_all(path):
    with open(path, "rb") as file:
        return file.read()


@case
def refused():
    os.mkdir("closed", 0o755)
    write_file("closed/file")
    os.chmod("closed/file", 0o644)
    os.mkdir("closed/sub")
    paths = ("closed", "closed/file", "closed/sub")
    before = [lstat(path) for path in paths]
    time.sleep(PAUSE)
    with user(A):
        for call, arguments in (
            (os.mkdir, ("closed/x",)), (os.unlink, ("closed/file",)), (rmdir, ("closed/sub",)), (rename, ("closed/file", "closed/y")),
            (os.symlink, ("t", "closed/x")), (os.mkfifo, ("closed/x",)), (truncate, ("closed/file", 0)), (utimensat, ("closed/file", None, None)),
        ):
            fails(errno.EACCES, call, *arguments)
        for call, arguments in ((os.chmod, ("closed/file", 0o666)), (os.chown, ("closed/file", A, -1)), (utimensat, ("closed/file", 1, 2))):
            fails(errno.EPERM, call, *arguments)
    fails(errno.EEXIST, os.mkdir, "closed/sub")
    fails(errno.EEXIST, os.link, "closed/file", "closed/file")
    fails(errno.EISDIR, rename, "closed/file", "closed/sub")
    fails(errno.EISDIR, os.unlink, "closed/sub")
    for path, was in zip(paths, before):
        same(f"{path} after refusals", was, lstat(path))
