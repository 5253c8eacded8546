"""10,000 files made, listed, looked at, renamed and removed in one folder."""
import os

from common import A, B, Slowest, check, drop_caches

COUNT = int(os.environ["FILES"])
folder = f"{A}/many"
os.mkdir(folder)
slowest = Slowest()


def names(prefix):
    return {f"{prefix}-{i:05d}" for i in range(COUNT)}


def listed(where):
    with slowest.watch("list"):
        entries = os.listdir(where)
    check(len(entries) == len(set(entries)), "a name is listed twice")
    return set(entries)


for i in range(COUNT):
    with slowest.watch("create"):
        os.close(os.open(f"{folder}/made-{i:05d}", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
check(listed(folder) == names("made"), "the listing after making is not what was made")
drop_caches()
check(listed(folder) == names("made"), "the listing without the cache is not what was made")
check(listed(f"{B}/many") == names("made"), "the other client's listing is not what was made")
inodes = set()
for name in names("made"):
    with slowest.watch("stat"):
        inodes.add(os.stat(f"{folder}/{name}").st_ino)
check(len(inodes) == COUNT, "two files have the same number")
for i in range(COUNT):
    with slowest.watch("rename"):
        os.rename(f"{folder}/made-{i:05d}", f"{folder}/renamed-{i:05d}")
drop_caches()
check(listed(folder) == names("renamed"), "the listing after renaming is not what was renamed")
# Removed while it is listed: every cookie handed out before stays good.
removed = 0
with os.scandir(folder) as entries:
    for entry in entries:
        if removed % 2 == 0 or removed < COUNT // 2:
            with slowest.watch("remove"):
                os.unlink(entry.path)
        removed += 1
check(removed == COUNT, f"{removed} of {COUNT} entries seen while removing")
for name in listed(folder):
    with slowest.watch("remove"):
        os.unlink(f"{folder}/{name}")
check(listed(folder) == set(), "something is left")
os.rmdir(folder)
print(f"{COUNT} files; {slowest}")
