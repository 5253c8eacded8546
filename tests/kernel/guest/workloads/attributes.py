"""chown, chmod and times; and that permissions hold for those who are not root."""
import errno
import os
import stat
import time

from common import A, B, Beside, check, drop_caches, expect, read_file, write_file

USER, GROUP, OTHER_GROUP = 1234, 2345, 3456
path = f"{A}/file"
write_file(path, b"secret")


def both():
    drop_caches()
    found, other = (os.stat(f"{where}/file") for where in (A, B))
    for name in ("st_mode", "st_ino", "st_nlink", "st_uid", "st_gid", "st_size", "st_mtime_ns", "st_ctime_ns"):
        values = getattr(found, name), getattr(other, name)
        check(values[0] == values[1], f"two clients see different values of {name}: {values}")
    return found


for mode in (0o600, 0o644, 0o4755, 0o2750, 0o1777, 0o000, 0o640):
    os.chmod(path, mode)
    check(stat.S_IMODE(both().st_mode) == mode, f"mode {mode:o} became {both().st_mode:o}")
changed = both().st_ctime_ns
os.chown(path, USER, GROUP)
found = both()
check((found.st_uid, found.st_gid) == (USER, GROUP), f"the owner became {found.st_uid}:{found.st_gid}")
check(found.st_ctime_ns > changed, "chown did not change ctime")
os.chown(path, -1, OTHER_GROUP)
check((both().st_uid, both().st_gid) == (USER, OTHER_GROUP), "chgrp changed more than the group")
os.chmod(path, 0o640)
os.chown(path, USER, GROUP)

for times in ((1_000_000_000_123_456_789, 1_700_000_000_987_654_321), (0, 4_000_000_000_000_000_001)):
    os.utime(path, ns=times)
    found = both()
    check((found.st_atime_ns, found.st_mtime_ns) == times, f"times {times} became {found.st_atime_ns, found.st_mtime_ns}")
os.utime(path)
check(abs(both().st_mtime - time.time()) < 10, "utime without times is not now")
before = both()
time.sleep(0.02)
with open(path, "ab") as file:
    file.write(b"!")
after = both()
check(after.st_mtime_ns > before.st_mtime_ns and after.st_ctime_ns > before.st_ctime_ns, "writing did not move the times")
check(after.st_size == 7, "the size is not what was written")


def as_user(pipe, uid, gid, groups, call):
    os.setgroups(groups)
    os.setgid(gid)
    os.setuid(uid)
    call()


def run_as(uid, gid, groups, call):
    Beside(as_user, uid, gid, groups, call).join()


def owner():
    check(read_file(path) == b"secret!", "the owner cannot read")
    os.chmod(path, 0o640)
    expect(errno.EPERM, os.chown, path, 0, -1)
    os.chown(path, -1, OTHER_GROUP)
    os.chown(path, -1, GROUP)


def member():
    check(read_file(path) == b"secret!", "a member of the group cannot read")
    expect(errno.EACCES, os.open, path, os.O_WRONLY)
    expect(errno.EPERM, os.chmod, path, 0o666)
    expect(errno.EPERM, os.utime, path, (1, 1))


def stranger():
    expect(errno.EACCES, os.open, path, os.O_RDONLY)
    expect(errno.EACCES, os.open, f"{A}/new", os.O_CREAT | os.O_WRONLY)
    expect((errno.EACCES, errno.EPERM), os.unlink, path)
    check(not os.access(path, os.R_OK), "access(2) says that a stranger may read")


def in_shared():
    write_file(f"{A}/shared/mine", b"")
    found = os.stat(f"{A}/shared/mine")
    check((found.st_uid, found.st_gid) == (4321, OTHER_GROUP), f"a new file belongs to {found.st_uid}:{found.st_gid}")
    expect((errno.EACCES, errno.EPERM), os.unlink, f"{A}/shared/root's")


os.chmod(A, 0o755)
run_as(USER, GROUP, [GROUP, OTHER_GROUP], owner)
run_as(4321, 4321, [], stranger)
run_as(4321, 4321, [11, GROUP], member)
os.mkdir(f"{A}/shared")
os.chown(f"{A}/shared", 0, OTHER_GROUP)
os.chmod(f"{A}/shared", 0o3777)  # the group is inherited, and only owners remove
write_file(f"{A}/shared/root's", b"")
run_as(4321, 4321, [], in_shared)
os.umask(0o027)
write_file(f"{A}/masked", b"")
check(stat.S_IMODE(os.stat(f"{A}/masked").st_mode) == 0o640, "the umask was not heeded")
os.mkfifo(f"{A}/pipe", 0o600)
check(stat.S_ISFIFO(os.stat(f"{B}/pipe").st_mode), "a named pipe became something else")
os.mknod(f"{A}/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
check(os.stat(f"{B}/null").st_rdev == os.makedev(1, 3), "a device became another")
print("modes, owners, times, permissions, special files")
