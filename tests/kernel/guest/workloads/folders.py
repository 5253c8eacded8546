"""Folders: made, moved, refused; what listing them shows while they change."""
import errno
import os

from common import A, B, check, expect, write_file

os.chdir(A)
os.makedirs("a/b/c/d")
write_file("a/b/c/d/file", b"deep")
check(os.stat("a").st_nlink == 3, f"a folder with one folder in it has {os.stat('a').st_nlink} links, not 3")
expect(errno.EEXIST, os.mkdir, "a")
expect((errno.ENOTEMPTY, errno.EEXIST), os.rmdir, "a")
expect(errno.EISDIR, os.unlink, "a")
expect(errno.ENOTDIR, os.rmdir, "a/b/c/d/file")
expect(errno.ENOTDIR, os.stat, "a/b/c/d/file/more")
expect(errno.ENOENT, os.stat, "a/nothing")
expect(errno.EINVAL, os.rename, "a", "a/b/inside-itself")
os.mkdir("empty")
os.mkdir("full")
write_file("full/file", b"")
expect((errno.ENOTEMPTY, errno.EEXIST), os.rename, "a", "full")
write_file("plain", b"")
expect(errno.ENOTDIR, os.rename, "a", "plain")
expect(errno.EISDIR, os.rename, "plain", "empty")
os.rename("a", "empty")  # replaces an empty folder
check(os.path.exists("empty/b/c/d/file"), "a moved folder lost what was in it")
here = os.open("empty/b/c", os.O_RDONLY)
os.rename("empty/b", "b-elsewhere")
check(os.listdir(here) == ["d"], "an open folder does not survive the move of the one above it")
check(os.stat("..", dir_fd=here).st_ino == os.stat("b-elsewhere").st_ino, "'..' leads to the old place")
os.close(here)
check(sorted(os.listdir(B)) == sorted(os.listdir(A)), "two clients list a folder differently")
for name in [f"entry-{i:04d}" for i in range(2000)]:
    os.mkdir(f"full/{name}")
seen = 0
with os.scandir("full") as entries:
    for entry in entries:
        if entry.is_dir():
            os.rmdir(entry.path)
            os.mkdir(f"full/new-{seen:04d}")
            seen += 1
            check(seen < 6000, "listing a folder in which others appear does not end")
left = [name for name in os.listdir("full") if name.startswith("entry-")]
check(not left, f"{len(left)} entries were passed over while others came and went")
print(f"{seen} entries seen while 2000 were replaced")
