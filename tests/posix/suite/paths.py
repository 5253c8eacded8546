"""What is wrong with a path is told the same way by every call that takes one."""
import errno
import os
import stat

from calls import access, bytes_of, linkat, lstat, rename, rmdir, stat_, truncate, utimensat
from harness import A, B, DEVICE, GROUP_A, LONGEST_NAME, PATH_MAX, PRIMARY, case, fails, fresh, long_path, make, ok, same, true, user, write_file


def other():
    return make("regular", os.path.join(os.getcwd(), fresh("o")))


def elsewhere():
    return os.path.join(os.getcwd(), fresh("e"))


def open_read(path):
    os.close(os.open(path, os.O_RDONLY))


def open_write(path):
    os.close(os.open(path, os.O_WRONLY))


def open_create(path):
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def open_exclusive(path):
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644))


def open_directory(path):
    os.close(os.open(path, os.O_RDONLY | os.O_DIRECTORY))


def access_read(path):
    access(path, os.R_OK)


def chmod(path):
    os.chmod(path, 0o640)


def chown(path):
    os.chown(path, os.geteuid(), os.getegid())


def lchown(path):
    os.lchown(path, os.geteuid(), os.getegid())


def truncate_to_1(path):
    truncate(path, 1)


def utimens(path):
    utimensat(path, 1, 2)


def lutimens(path):
    utimensat(path, "now", "now", 0x100)


def link_from(path):
    linkat(path, elsewhere())


def rename_from(path):
    rename(path, elsewhere())


def mkdir(path):
    os.mkdir(path, 0o755)


def mkfifo(path):
    os.mkfifo(path, 0o644)


def mknod_char(path):
    os.mknod(path, stat.S_IFCHR | 0o644, DEVICE)


def mknod_socket(path):
    os.mknod(path, stat.S_IFSOCK | 0o644)


def symlink(path):
    os.symlink("anywhere", path)


OF_FILES = (stat_, lstat, access_read, chmod, chown, lchown, truncate_to_1, utimens, lutimens, open_read, open_write, os.unlink, link_from, rename_from)
OF_FOLDERS = (rmdir, os.listdir, os.chdir, open_directory)
OF_LINKS = (os.readlink,)
MAKING = (mkdir, mkfifo, mknod_char, mknod_socket, symlink, open_create, open_exclusive)
EXISTING = OF_FILES + OF_FOLDERS + OF_LINKS
ONLY_ROOT = (mknod_char,)


def link_to(path):
    """The other of its two paths is in order."""
    linkat(link_to.source, path)


def rename_to(path):
    rename(rename_to.source, path)


TWO_PATHS = (link_to, rename_to)
NEW = MAKING + TWO_PATHS
ALL = EXISTING + NEW


def prepare(call, path, owner=None):
    """Makes what the call wants to find; a path of its own for the other end."""
    if call in TWO_PATHS:
        call.source = other()
        if owner is not None:
            os.chown(call.source, owner, PRIMARY[owner])
        return
    kind = "dir" if call in OF_FOLDERS else "symlink" if call in OF_LINKS else "regular" if call in OF_FILES else None
    if kind is not None:
        make(kind, path, 0o755 if kind == "dir" else 0o644, owner)


def prepare_other(call):
    if call in TWO_PATHS:
        call.source = other()


def each(calls, expected, path):
    for call in calls:
        prepare_other(call)
        fails(expected, call, path)


@case
def component_is_a_file():
    make("regular", "file")
    each(ALL, errno.ENOTDIR, "file/x")


@case
def component_is_no_directory():
    for kind in ("fifo", "char", "block", "socket"):
        path = make(kind)
        each((stat_, chmod, os.unlink, mkdir, open_create, rename_to, link_from), errno.ENOTDIR, f"{path}/x")


@case
def component_is_a_link_to_a_file():
    make("regular", "file")
    os.symlink("file", "link")
    each(ALL, errno.ENOTDIR, "link/x")


@case
def component_is_missing():
    each(ALL, errno.ENOENT, "none/x")


@case
def component_leads_nowhere():
    os.symlink("none", "link")
    each(ALL, errno.ENOENT, "link/x")


@case
def last_is_missing():
    each(EXISTING, errno.ENOENT, "none")


@case
def empty():
    each(ALL, errno.ENOENT, "")


@case
def name_as_long_as_may_be():
    for call in ALL:
        path = fresh("p") + "/" + "n" * LONGEST_NAME
        os.mkdir(path.split("/")[0])
        prepare(call, path)
        ok(call, path)
        if call is os.chdir:
            os.chdir("../..")


@case
def name_too_long():
    each(ALL, errno.ENAMETOOLONG, "n" * (LONGEST_NAME + 1))


@case
def name_too_long_in_the_middle():
    each(ALL, errno.ENAMETOOLONG, "n" * (LONGEST_NAME + 1) + "/x")


@case
def name_of_many_bytes():
    # 85 characters of three bytes each are 255 bytes; one more byte is too long, one more character too.
    ok(open_create, "語" * 85)
    fails(errno.ENAMETOOLONG, open_create, "語" * 85 + "x")
    fails(errno.ENAMETOOLONG, mkdir, "語" * 86)


@case
def path_as_long_as_may_be():
    for i, call in enumerate(ALL):
        path = long_path(PATH_MAX - 1, 100 + i)
        prepare(call, path)
        same("the path's length", PATH_MAX - 1, len(path))
        here = os.getcwd()
        ok(call, path)
        if call is os.chdir:
            os.chdir(here)


@case
def path_too_long():
    each(ALL, errno.ENAMETOOLONG, long_path(PATH_MAX, 100))


@case
def target_path_too_long():
    long_path(PATH_MAX - 1, 50)
    ok(os.symlink, "t" * (PATH_MAX - 1), "longest")
    same("length of the longest target", PATH_MAX - 1, len(os.readlink("longest")))
    same("size of the link", PATH_MAX - 1, lstat("longest").size)
    fails(errno.ENAMETOOLONG, os.symlink, "t" * PATH_MAX, "too-long")
    fails(errno.ENOENT, os.symlink, "", "of-nothing")
    fails(errno.ENAMETOOLONG, open_read, "longest")


@case
def loops():
    os.symlink("two", "one")
    os.symlink("one", "two")
    os.symlink("self", "self")
    each(ALL, errno.ELOOP, "one/x")
    each(ALL, errno.ELOOP, "self/x")
    following = (stat_, access_read, chmod, chown, truncate_to_1, utimens, open_read, open_write, open_create, os.listdir, os.chdir)
    each(following, errno.ELOOP, "one")
    each(following, errno.ELOOP, "self")
    fails(errno.ENOTDIR, rmdir, "one")
    fails(errno.EEXIST, open_exclusive, "one")
    for call in (lstat, lchown, lutimens, os.readlink, link_from):
        ok(call, "one")
    ok(rename_from, "one")
    ok(os.unlink, "two")


@case
def many_links():
    # Linux follows 40 on the way.
    write_file("link0", b"end")
    for i in range(41):
        os.symlink(f"link{i}", f"link{i + 1}")
    same("what 40 links lead to", b"end", bytes_of("link40"))
    for call in (stat_, open_read, open_write, chmod, truncate_to_1):
        ok(call, "link40")
        fails(errno.ELOOP, call, "link41")


@case
def relative_and_absolute_links():
    os.makedirs("a/b")
    write_file("a/file", b"here")
    os.symlink("../file", "a/b/up")
    os.symlink(os.path.join(os.getcwd(), "a/b/up"), "absolute")
    os.symlink("a", "to-a")
    os.symlink("a/", "to-a-slash")
    for path in ("a/b/up", "absolute", "to-a/file", "to-a/b/up", "to-a-slash/file", "to-a/b/../file", "./a/./file", "a//file"):
        same(f"what is read through {path}", b"here", ok(bytes_of, path))
    ok(open_directory, "to-a")
    ok(os.listdir, "to-a/")
    fails(errno.ENOTDIR, rmdir, "to-a")
    fails(errno.ENOTDIR, rmdir, "to-a/")
    ok(os.unlink, "to-a")
    true("the folder outlives its link", os.path.isdir("a"))


@case
def search_is_denied():
    """By the owner's bits to the owner, though others may, and so on."""
    for who, gid, groups, mode in ((A, None, (), 0o677), (B, GROUP_A, (), 0o767), (B, None, (GROUP_A,), 0o767), (B, None, (), 0o776)):
        folder = make("dir", mode=0o755, owner=A)
        for call in ALL:
            path = f"{folder}/{fresh()}"
            prepare(call, path, who)
        found = make("regular", f"{folder}/found")
        os.chmod(folder, mode)
        with user(who, gid, groups):
            for call in EXISTING:
                fails(errno.EACCES, call, found)
                fails(errno.EACCES, call, f"{folder}/missing")
            for call in NEW:
                if call in ONLY_ROOT:
                    continue
                fails(errno.EACCES, call, f"{folder}/new")
        os.chmod(folder, 0o755)


@case
def search_is_enough():
    folder = make("dir", mode=0o755, owner=A)
    write_file(f"{folder}/file")
    os.mkdir(f"{folder}/sub")
    os.symlink("file", f"{folder}/link")
    for mode, who in ((0o100, A), (0o001, B)):
        os.chmod(folder, mode)
        with user(who):
            for call, path in ((stat_, "file"), (lstat, "link"), (open_read, "file"), (os.readlink, "link"), (os.listdir, "sub")):
                ok(call, f"{folder}/{path}")
            fails(errno.EACCES, os.listdir, folder)
            fails(errno.EACCES, open_directory, folder)
            fails(errno.EACCES, open_create, f"{folder}/new")
            fails(errno.EACCES, os.unlink, f"{folder}/file")


@case
def trailing_slashes():
    make("dir", "dir", 0o755)
    make("regular", "file")
    os.symlink("dir", "to-dir")
    os.symlink("file", "to-file")
    for call in (stat_, os.listdir, open_directory, chmod, chown):
        ok(call, "dir/")
        ok(call, "to-dir//")
    os.chmod("dir", 0o755)
    for path in ("file/", "to-file/"):
        for call in (stat_, lstat, open_read, chmod, chown, truncate_to_1, utimens, os.unlink, rename_from, os.readlink):
            fails(errno.ENOTDIR, call, path)
    for call in (mkfifo, mknod_char, symlink):
        fails(errno.ENOENT, call, "new/")
    fails(errno.EISDIR, open_create, "new/")
    ok(mkdir, "new/")
    ok(rmdir, "new/")
    ok(os.mkdir, "moved", 0o755)
    ok(rename, "moved/", "moved-on/")
    true("it moved", os.path.isdir("moved-on"))
    fails(errno.ENOTDIR, rename, "file", "gone/")
    fails(errno.EISDIR, os.unlink, "dir")
    fails((errno.EISDIR, errno.ENOTDIR), os.unlink, "dir/")
