"""A file that another is renamed over stays readable and writable for those who have it open, at any mount."""
import os

from common import A, B, check, drop_caches, read_file, write_file

OLD = b"old " * 5000
NEW = b"new " * 3000
for number, where in enumerate((A, B)):
    name = f"file-{number}"
    write_file(f"{A}/{name}", OLD)
    write_file(f"{A}/{name}.new", NEW)
    fd = os.open(f"{where}/{name}", os.O_RDWR)
    before = os.fstat(fd).st_ino
    os.rename(f"{A}/{name}.new", f"{A}/{name}")
    drop_caches()
    check(os.pread(fd, len(OLD) + 1, 0) == OLD, f"the replaced file, open through {where}, reads as something else")
    os.pwrite(fd, b"more", len(OLD))
    os.fsync(fd)
    drop_caches()
    check(os.pread(fd, 4, len(OLD)) == b"more", f"what was written to the replaced file through {where} is lost")
    check(os.fstat(fd).st_ino == before, "the open file became another")
    check(read_file(f"{A}/{name}") == NEW, "the new file is not what was renamed")
    os.close(fd)
    check(read_file(f"{A}/{name}") == NEW, "closing the replaced file changed the new one")
# Renaming what is open, as editors do: the open file goes with its name.
with open(f"{A}/moving", "w+b") as file:
    file.write(OLD)
    os.rename(f"{A}/moving", f"{A}/moved")
    file.write(NEW)
check(read_file(f"{B}/moved") == OLD + NEW, "what was written after the rename is not in the renamed file")
# Replaced many times while readers come and go: each sees one version whole.
for i in range(100):
    write_file(f"{A}/next", str(i).encode() * 1000)
    os.rename(f"{A}/next", f"{A}/current")
    with open(f"{A}/current", "rb") as file:
        check(file.read() == str(i).encode() * 1000, "a reader sees a mixture of two versions")
left = [name for name in os.listdir(A) if name.startswith(".nfs")]
check(not left, f"left behind: {left}")
print("through both mounts")
