"""A quota that the operator sets is what df shows, and where writing and making end, until something is freed or it is raised."""
import errno
import os

from common import A, B, check, expect
from steer import dfsctl, rest, wait_until

MIB = 1 << 20
ROOM = 8
FILES = 3

share = next(one for one in rest("GET", "/shares")["shares"] if one["path"] == os.environ["EXPORT"])


def used():
    shown = dfsctl("share", "show", share["path"])
    return shown["used_bytes"], shown["used_files"]


def bound_to(size, files):
    dfsctl("share", "update", share["path"], "--quota-bytes", str(size), "--quota-files", str(files))


def fill(path, mib):
    """Writes and syncs so many MiB at the end of the file."""
    with open(path, "ab", buffering=0) as file:
        for _ in range(mib):
            file.write(bytes([7]) * MIB)
            os.fsync(file.fileno())


def bytes_end():
    before, _ = used()
    bound_to(before + ROOM * MIB, 0)
    shown = os.statvfs(B)
    check(shown.f_blocks * shown.f_frsize == before + ROOM * MIB, f"df shows {shown.f_blocks * shown.f_frsize} bytes")
    check(shown.f_bavail * shown.f_frsize == ROOM * MIB, f"df shows {shown.f_bavail * shown.f_frsize} bytes free")
    fill(f"{A}/first", ROOM)
    expect(errno.EDQUOT, fill, f"{B}/second", 1)
    check(used()[0] == before + ROOM * MIB, f"{used()[0] - before} bytes are used")
    check(os.statvfs(B).f_bavail == 0, "df shows room where there is none")
    # What is there can be written over.
    with open(f"{A}/first", "r+b", buffering=0) as file:
        file.write(b"again")
        os.fsync(file.fileno())
    os.truncate(f"{A}/first", ROOM // 2 * MIB)
    fill(f"{B}/third", ROOM // 2)
    expect(errno.EDQUOT, fill, f"{A}/fourth", 1)
    bound_to(0, 0)
    fill(f"{A}/fourth", 1)
    for name in ("first", "second", "third", "fourth"):
        os.unlink(f"{A}/{name}")
    wait_until("all is given back", lambda: used()[0] == before)


def files_end():
    _, before = used()
    bound_to(0, before + FILES)
    shown = os.statvfs(A)
    check((shown.f_files, shown.f_ffree) == (before + FILES, FILES), f"df shows {shown.f_ffree} of {shown.f_files} inodes free")
    os.mkdir(f"{A}/dir")
    os.symlink("dir", f"{A}/link")
    with open(f"{A}/file", "w"):
        pass
    for call, arguments in ((os.mkdir, (f"{B}/x",)), (os.symlink, ("dir", f"{B}/x")), (os.open, (f"{B}/x", os.O_CREAT | os.O_WRONLY))):
        expect(errno.EDQUOT, call, *arguments)
    os.link(f"{A}/file", f"{A}/name")
    os.unlink(f"{A}/link")
    os.mkdir(f"{B}/x")


try:
    bytes_end()
    files_end()
finally:
    bound_to(0, 0)
print(f"{ROOM} MiB and {FILES} files, and not one more")
