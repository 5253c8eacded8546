"""Hard and symbolic links."""
import errno
import os

from common import A, B, check, drop_caches, expect, read_file, write_file

os.chdir(A)
write_file("one", b"first")
os.link("one", "two")
os.mkdir("folder")
os.link("two", "folder/three")
check(os.stat("one").st_nlink == 3, "three names, but not three links")
check(os.path.samefile("one", "folder/three"), "a hard link is another file")
write_file("two", b"second")
check(read_file("folder/three") == b"second", "a hard link shows other bytes")
expect(errno.EEXIST, os.link, "one", "two")
expect(errno.EPERM, os.link, "folder", "folder-again")
os.rename("one", "two")  # two names of one file: nothing happens
check(os.path.exists("one") and os.stat("two").st_nlink == 3, "renaming onto a link of the same file is no no-op")
os.unlink("one")
drop_caches()
check(os.stat(f"{B}/two").st_nlink == 2, "an unlinked name still counts")
check(read_file(f"{B}/folder/three") == b"second", "the other client sees other bytes")

long_target = "/".join(["x" * 200] * 10)
for target in ("two", "nowhere", "../" * 20 + "up", "ü/日本語", long_target):
    os.symlink(target, "link")
    drop_caches()
    check(os.readlink("link") == target, f"the link to {target[:20]} reads as something else")
    check(os.readlink(f"{B}/link") == target, f"the other client reads the link to {target[:20]} as something else")
    check(os.lstat("link").st_size == len(os.fsencode(target)), "a link's size is not its target's")
    expect(errno.EEXIST, os.symlink, "other", "link")
    os.unlink("link")
os.symlink("folder", "to-folder")
check(read_file("to-folder/three") == b"second", "a path through a symbolic link leads elsewhere")
expect(errno.ENOTDIR, os.rmdir, "to-folder")
os.symlink("loop-b", "loop-a")
os.symlink("loop-a", "loop-b")
expect(errno.ELOOP, os.stat, "loop-a")
os.link("loop-a", "loop-hard", follow_symlinks=False)
check(os.lstat("loop-hard").st_nlink == 2, "a hard link to a symbolic link does not count")
os.rename("loop-a", "two")
check(os.path.islink("two"), "a symbolic link did not replace a file")
drop_caches()
left = os.stat("folder/three").st_nlink
check(left == 1, f"a replaced name still counts: {left} links, not 1")
print("ok")
