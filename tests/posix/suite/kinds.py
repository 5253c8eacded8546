"""Each call on each kind of object."""
import errno
import os
import stat

from calls import lstat, rename, rmdir, stat_, truncate, utimensat
from harness import DEVICE, KINDS, TYPE_BITS, case, fails, fresh, gives, make, ok, opened, same, true, write_file, OK

FOLLOWED = ("symlink",)


@case
def what_stat_says():
    for kind in KINDS:
        path = make(kind)
        found = ok(lstat, path)
        same(f"type of a {kind}", TYPE_BITS[kind], found.type)
        same(f"links of a {kind}", 2 if kind == "dir" else 1, found.nlink)
        same(f"owner of a {kind}", (0, 0), (found.uid, found.gid))
        same(f"device of a {kind}", DEVICE if kind in ("block", "char") else 0, found.rdev)
        true(f"{kind} has a number", found.ino > 0)
        if kind not in ("dir", "symlink"):
            same(f"size of a {kind}", 0, found.size)
    same("size of a link", len("leads-nowhere"), lstat(make("symlink")).size)


@case
def taken_names():
    for kind in KINDS:
        path = make(kind)
        before = lstat(path)
        source = make("regular")
        fails(errno.EEXIST, os.mkdir, path)
        fails(errno.EEXIST, os.mkfifo, path)
        fails(errno.EEXIST, os.mknod, path, stat.S_IFCHR | 0o600, DEVICE)
        fails(errno.EEXIST, os.mknod, path, stat.S_IFSOCK | 0o600)
        fails(errno.EEXIST, os.mknod, path, stat.S_IFREG | 0o600)
        fails(errno.EEXIST, os.symlink, "x", path)
        fails(errno.EEXIST, os.link, source, path)
        fails(errno.EEXIST, os.open, path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        same(f"the {kind} that was there", before, lstat(path))
        same("links of the source", 1, lstat(source).nlink)


@case
def removed():
    for kind in KINDS:
        path = make(kind)
        if kind == "dir":
            fails(errno.EISDIR, os.unlink, path)
            ok(rmdir, path)
        else:
            fails(errno.ENOTDIR, rmdir, path)
            ok(os.unlink, path)
        fails(errno.ENOENT, lstat, path)
        fails(errno.ENOENT, os.unlink, path)
        fails(errno.ENOENT, rmdir, path)


@case
def renamed():
    for kind in KINDS:
        path = make(kind)
        before = lstat(path)
        target = fresh("t")
        ok(rename, path, target)
        after = lstat(target)
        fails(errno.ENOENT, lstat, path)
        same(f"the {kind} that moved", before._replace(ctime=0), after._replace(ctime=0))


@case
def replaced():
    """Every kind by every kind: a folder by an empty folder only, nothing else by a folder, a folder by nothing else."""
    for old in KINDS:
        for new in KINDS:
            source, target = make(new), make(old)
            moved = lstat(source)
            if new == "dir" and old != "dir":
                expected = errno.ENOTDIR
            elif new != "dir" and old == "dir":
                expected = errno.EISDIR
            else:
                expected = OK
            gives(expected, rename, source, target)
            if expected == OK:
                fails(errno.ENOENT, lstat, source)
                same(f"a {old} replaced by a {new}", (moved.ino, moved.type), (lstat(target).ino, lstat(target).type))
            else:
                same(f"a {new} that stays", moved, lstat(source))
                same(f"a {old} that stays", TYPE_BITS[old], lstat(target).type)


@case
def linked():
    for kind in KINDS:
        path, target = make(kind), fresh("t")
        if kind == "dir":
            fails(errno.EPERM, os.link, path, target)
            fails(errno.ENOENT, lstat, target)
            continue
        ok(os.link, path, target, follow_symlinks=False)
        same(f"number of the linked {kind}", lstat(path).ino, lstat(target).ino)
        same(f"links of the {kind}", (2, 2), (lstat(path).nlink, lstat(target).nlink))
        ok(os.unlink, path)
        same(f"links of the {kind} after", 1, lstat(target).nlink)


@case
def truncated():
    for kind, expected in (("regular", OK), ("dir", errno.EISDIR), ("fifo", errno.EINVAL), ("char", errno.EINVAL), ("block", errno.EINVAL), ("socket", errno.EINVAL), ("symlink", errno.ENOENT)):
        gives(expected, truncate, make(kind), 0)


@case
def read_as_a_link():
    for kind in KINDS:
        path = make(kind)
        if kind == "symlink":
            same("target", "leads-nowhere", ok(os.readlink, path))
        else:
            fails(errno.EINVAL, os.readlink, path)


@case
def listed_as_a_folder():
    for kind in KINDS:
        path = make(kind)
        if kind == "dir":
            same("an empty folder", [], ok(os.listdir, path))
        else:
            expected = errno.ENOENT if kind == "symlink" else errno.ENOTDIR
            fails(expected, os.listdir, path)
            fails(expected, os.chdir, path)
            fails((errno.ELOOP, errno.ENOTDIR), os.open, path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)


@case
def attributes():
    for kind in KINDS:
        path = make(kind)
        if kind != "symlink":
            for mode in (0o000, 0o777, 0o640):
                ok(os.chmod, path, mode)
                same(f"mode of the {kind}", mode, lstat(path).mode)
        ok(os.lchown, path, 123, 456)
        same(f"owner of the {kind}", (123, 456), (lstat(path).uid, lstat(path).gid))
        ok(utimensat, path, 1_000_000_000, 2_000_000_000_000_000_000, 0x100)
        same(f"times of the {kind}", (1_000_000_000, 2_000_000_000_000_000_000), (lstat(path).atime, lstat(path).mtime))
        same(f"type of the {kind}", TYPE_BITS[kind], lstat(path).type)


@case
def opened_():
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
        gives(errno.ENXIO, os.open, make("socket"), flags)
        gives(OK, os.open, make("char"), flags)  # the null device
        gives(OK if flags == os.O_RDONLY else errno.EISDIR, os.open, make("dir", mode=0o755), flags)
        gives(errno.ENOENT, os.open, make("symlink"), flags)
        gives(errno.ELOOP, os.open, make("symlink"), flags | os.O_NOFOLLOW)
    fifo = make("fifo")
    fails(errno.ENXIO, os.open, fifo, os.O_WRONLY | os.O_NONBLOCK)
    with opened(fifo, os.O_RDONLY | os.O_NONBLOCK) as reader, opened(fifo, os.O_WRONLY | os.O_NONBLOCK) as writer:
        same("written to the pipe", 4, ok(os.write, writer, b"pipe"))
        same("read from the pipe", b"pipe", ok(os.read, reader, 9))
    same("size of the pipe", 0, stat_(fifo).size)
    gives(errno.EISDIR, os.open, make("dir"), os.O_RDONLY | os.O_CREAT)
    gives(errno.EISDIR, os.open, make("dir"), os.O_RDONLY | os.O_TRUNC)


@case
def written_through_a_link():
    write_file("file", b"old")
    os.symlink("file", "link")
    write_file("link", b"newer")
    same("size of the target", 5, lstat("file").size)
    os.symlink("made", "to-made")
    write_file("to-made", b"x")
    same("type of what was made through a link", stat.S_IFREG, lstat("made").type)
    same("the link stays", stat.S_IFLNK, lstat("to-made").type)
