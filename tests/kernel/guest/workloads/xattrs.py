"""Extended attributes of users (RFC 8276), on 4.2."""
import errno
import os

from common import A, B, MINOR, check, drop_caches, expect, skip, write_file

path = f"{A}/file"
write_file(path, b"content")
if MINOR < 2:
    expect(errno.EOPNOTSUPP, os.setxattr, path, "user.one", b"1")
    skip("needs 4.2")
values = {
    "user.one": b"1",
    "user.empty": b"",
    "user.binary": bytes(range(256)),
    "user.long": b"v" * 4000,
    "user.größe 語": "größe 語".encode(),
    "user." + "n" * 200: b"long name",
}
changed = os.stat(path).st_ctime_ns
for name, value in values.items():
    os.setxattr(path, name, value)


def users(where):
    return sorted(name for name in os.listxattr(where) if name.startswith("user."))


drop_caches()
for where in (path, f"{B}/file"):
    check(users(where) == sorted(values), f"{where} lists {users(where)}")
    for name, value in values.items():
        check(os.getxattr(where, name) == value, f"{where}: {name} has another value")
check(os.stat(path).st_ctime_ns > changed, "setting an attribute did not change ctime")
expect(errno.EEXIST, os.setxattr, path, "user.one", b"2", os.XATTR_CREATE)
expect(errno.ENODATA, os.setxattr, path, "user.two", b"2", os.XATTR_REPLACE)
os.setxattr(path, "user.one", b"changed", os.XATTR_REPLACE)
os.setxattr(path, "user.two", b"made", os.XATTR_CREATE)
os.removexattr(path, "user.empty")
expect(errno.ENODATA, os.getxattr, path, "user.empty")
expect(errno.ENODATA, os.removexattr, path, "user.empty")
drop_caches()
other = f"{B}/file"
check(os.getxattr(other, "user.one") == b"changed", "the other client sees the old value")
check("user.empty" not in users(other) and "user.two" in users(other), "the other client sees the old list")
os.mkdir(f"{A}/folder")
os.setxattr(f"{A}/folder", "user.of-folder", b"yes")
os.rename(path, f"{A}/folder/moved")
drop_caches()
check(os.getxattr(f"{B}/folder/moved", "user.long") == values["user.long"], "an attribute did not go with its file")
check(os.getxattr(f"{B}/folder", "user.of-folder") == b"yes", "a folder's attribute is lost")
for i in range(100):
    os.setxattr(f"{A}/folder", f"user.many-{i:03d}", str(i).encode())
drop_caches()
check(len(users(f"{A}/folder")) == 101, "of a hundred attributes some are missing")
with open(f"{A}/folder/moved", "rb") as file:
    check(file.read() == b"content", "attributes changed the content")
print(f"{len(values)} kinds, and a hundred on one folder")
