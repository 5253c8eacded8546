"""open: what its flags do."""
import errno
import os
import shutil
import subprocess

import harness
from calls import bytes_of, fstat, lstat, stat_
from harness import A, B, GROUP_A, case, fails, fresh, make, ok, opened, same, true, umask, user, write_file


def closing(*arguments):
    os.close(os.open(*arguments))


@case
def created():
    for mask in (0o000, 0o022, 0o077, 0o777):
        for mode in (0o666, 0o777, 0o600, 0o444, 0o000, 0o4755, 0o2755):
            path = fresh()
            with umask(mask):
                ok(closing, path, os.O_CREAT | os.O_WRONLY, mode)
            found = lstat(path)
            same(f"a file with umask {mask:o}", (mode & ~mask, 1, 0), (found.mode, found.nlink, found.size))
    make("dir", "open", 0o777)
    with user(A):
        ok(closing, "open/of-a", os.O_CREAT | os.O_RDWR, 0o640)
    same("owner", (A, GROUP_A), (lstat("open/of-a").uid, lstat("open/of-a").gid))


@case
def created_once_more():
    write_file("file", b"keep")
    os.chmod("file", 0o640)
    before = lstat("file")
    ok(closing, "file", os.O_CREAT | os.O_RDWR, 0o777)
    same("the file that was there", before, lstat("file"))
    fails(errno.EEXIST, closing, "file", os.O_CREAT | os.O_EXCL, 0o600)
    fails(errno.EEXIST, closing, "file", os.O_CREAT | os.O_EXCL | os.O_TRUNC | os.O_WRONLY, 0o600)
    same("its content", b"keep", bytes_of("file"))


@case
def exclusively():
    descriptor = ok(os.open, "new", os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    same("mode", 0o600, fstat(descriptor).mode)
    same("what it takes", 1, ok(os.write, descriptor, b"1"))
    os.close(descriptor)
    fails(errno.EEXIST, closing, "new", os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    os.symlink("nowhere", "link")
    fails(errno.EEXIST, closing, "link", os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    fails(errno.ENOENT, lstat, "nowhere")
    os.unlink("new")
    ok(closing, "new", os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644)
    now = lstat("new")
    true("its times are of now, not what told it apart", 0 <= now.ctime - now.atime < 60e9 and 0 <= now.ctime - now.mtime < 60e9)


@case
def exclusively_with_umask():
    for mask in (0o022, 0o077, 0o777):
        path = fresh()
        with umask(mask):
            ok(closing, path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        same(f"mode with umask {mask:o}", 0o666 & ~mask, lstat(path).mode)


@case
def truncated():
    for flags in (os.O_WRONLY, os.O_RDWR):
        write_file("file", b"content")
        before = lstat("file")
        ok(closing, "file", flags | os.O_TRUNC)
        after = lstat("file")
        same("size", 0, after.size)
        same("the same file", before.ino, after.ino)
        true("mtime and ctime move", after.mtime >= before.mtime and after.ctime >= before.ctime)
    write_file("file", b"content")
    ok(closing, "file", os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    same("size with O_CREAT", 0, lstat("file").size)
    make("regular", "of-a", 0o444, A)
    write_file("of-a", b"content")
    with user(B):
        fails(errno.EACCES, closing, "of-a", os.O_WRONLY | os.O_TRUNC)
        fails(errno.EACCES, closing, "of-a", os.O_RDONLY | os.O_TRUNC)
    same("the content of what may not be written", b"content", bytes_of("of-a"))


@case
def appended():
    write_file("file", b"one")
    with opened("file", os.O_WRONLY | os.O_APPEND) as first, opened("file", os.O_RDWR | os.O_APPEND) as second:
        for descriptor, data in ((first, b"two"), (second, b"three"), (first, b"four")):
            os.lseek(descriptor, 0, os.SEEK_SET)
            same("written", len(data), ok(os.write, descriptor, data))
            same("position", os.path.getsize("file"), os.lseek(descriptor, 0, os.SEEK_CUR))
    same("content", b"onetwothreefour", bytes_of("file"))


@case
def links_not_followed():
    write_file("file")
    os.symlink("file", "link")
    os.mkdir("dir")
    os.symlink("dir", "to-dir")
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDONLY | os.O_CREAT, os.O_WRONLY | os.O_TRUNC):
        fails(errno.ELOOP, closing, "link", flags | os.O_NOFOLLOW)
        ok(closing, "file", flags | os.O_NOFOLLOW)
    fails((errno.ELOOP, errno.ENOTDIR), closing, "to-dir", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    write_file("dir/inside")
    ok(closing, "to-dir/inside", os.O_RDONLY | os.O_NOFOLLOW)
    descriptor = ok(os.open, "link", os.O_PATH | os.O_NOFOLLOW)
    same("the link itself", lstat("link").ino, fstat(descriptor).ino)
    os.close(descriptor)


@case
def folders():
    os.mkdir("dir")
    write_file("file")
    ok(closing, "dir", os.O_RDONLY)
    ok(closing, "dir", os.O_RDONLY | os.O_DIRECTORY)
    fails(errno.ENOTDIR, closing, "file", os.O_RDONLY | os.O_DIRECTORY)
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC, os.O_WRONLY | os.O_CREAT, os.O_RDONLY | os.O_CREAT):
        fails(errno.EISDIR, closing, "dir", flags)
    with opened("dir") as descriptor:
        fails(errno.EISDIR, os.read, descriptor, 1)
        fails(errno.EBADF, os.write, descriptor, b"x")
        ok(os.fsync, descriptor)


@case
def what_the_mode_of_opening_allows():
    write_file("file", b"data")
    with opened("file", os.O_RDONLY) as descriptor:
        fails(errno.EBADF, os.write, descriptor, b"x")
        fails((errno.EINVAL, errno.EBADF), os.ftruncate, descriptor, 0)
        same("read", b"data", ok(os.read, descriptor, 9))
        same("at the end", b"", ok(os.read, descriptor, 9))
    with opened("file", os.O_WRONLY) as descriptor:
        fails(errno.EBADF, os.read, descriptor, 1)
        same("written", 1, ok(os.write, descriptor, b"D"))
    same("content", b"Data", bytes_of("file"))


@case
def in_folders_one_may_not_write():
    make("dir", "closed", 0o755)
    make("regular", "closed/file", 0o666)
    with user(A):
        fails(errno.EACCES, closing, "closed/new", os.O_CREAT | os.O_RDWR, 0o666)
        fails(errno.EACCES, closing, "closed/new", os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        ok(closing, "closed/file", os.O_CREAT | os.O_RDWR, 0o666)
        ok(closing, "closed/file", os.O_RDWR | os.O_TRUNC)
        fails(errno.EEXIST, closing, "closed/file", os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)


@case
def through_a_link_that_leads_nowhere():
    os.symlink("made", "link")
    fails(errno.ENOENT, closing, "link", os.O_RDWR)
    ok(closing, "link", os.O_RDWR | os.O_CREAT, 0o604)
    same("mode of what was made", 0o604, lstat("made").mode)
    os.symlink("none/made", "further")
    fails(errno.ENOENT, closing, "further", os.O_RDWR | os.O_CREAT, 0o600)


@case
def positions_and_holes():
    with opened("file", os.O_CREAT | os.O_RDWR, 0o600) as descriptor:
        same("written", 1, ok(os.pwrite, descriptor, b"x", 100_000))
        same("size", 100_001, fstat(descriptor).size)
        same("the hole", b"\0" * 10, ok(os.pread, descriptor, 10, 50_000))
        same("the end", b"\0x", ok(os.pread, descriptor, 10, 99_999))
        same("behind the end", b"", ok(os.pread, descriptor, 10, 100_001))
        fails(errno.EINVAL, os.lseek, descriptor, -1, os.SEEK_SET)
        fails(errno.EINVAL, os.pread, descriptor, 1, -1)
        same("nothing written", 0, ok(os.write, descriptor, b""))
    same("size after", 100_001, lstat("file").size)


@case
def temporary():
    """A file without a name: a client of NFS has no way to ask for one."""
    os.mkdir("dir")
    call = (fails, errno.EOPNOTSUPP) if harness.ON_NFS else (ok,)
    call[0](*call[1:], closing, "dir", os.O_TMPFILE | os.O_RDWR, 0o600)
    same("the folder", [], os.listdir("dir"))


@case
def executed():
    """A program that runs is not written to; a file that is written to does not run."""
    shutil.copy("/bin/sleep", "program")
    os.chmod("program", 0o755)
    running = subprocess.Popen(["./program", "60"])
    try:
        fails(errno.ETXTBSY, closing, "program", os.O_WRONLY)
        fails(errno.ETXTBSY, closing, "program", os.O_RDWR | os.O_TRUNC)
        fails(errno.ETXTBSY, os.truncate, "program", 0)
        ok(closing, "program", os.O_RDONLY)
        ok(os.rename, "program", "renamed")
        ok(os.link, "renamed", "linked")
        ok(os.unlink, "linked")
    finally:
        running.kill()
        running.wait()
    with opened("renamed", os.O_WRONLY):
        fails(errno.ETXTBSY, os.posix_spawn, "./renamed", ["renamed", "0"], {})
    same("its status", 0, subprocess.run(["./renamed", "0"], check=False).returncode)
    os.chmod("renamed", 0o644)
    fails(errno.EACCES, os.posix_spawn, "./renamed", ["renamed", "0"], {})
    os.chmod("renamed", 0o711)
    with user(B):
        fails(errno.EACCES, closing, "renamed", os.O_RDONLY)
    same("its status where it may only be executed", 0, executed_by(B, "./renamed"))


def executed_by(uid, path):
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            os.execv(path, [path, "0"])
        finally:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@case
def size_of_files():
    with opened("file", os.O_CREAT | os.O_RDWR, 0o600) as descriptor:
        same("written at 8 GiB", 3, ok(os.pwrite, descriptor, b"far", 2**33))
        same("read there", b"far", ok(os.pread, descriptor, 3, 2**33))
    same("size", 2**33 + 3, stat_("file").size)
