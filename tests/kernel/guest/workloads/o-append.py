"""Records appended with O_APPEND through two mounts, in turn and under a lock, are all there, whole and in order.

NFS has no atomic append: without a lock (or an open in between) a client may append where it last saw the end.
"""
import fcntl
import os

from common import A, PAIRS, Beside, check, read_file

TURNS = 50
LOCKED = 100
RECORD = 100


def record(who, i):
    return f"{who} {i:04d} ".encode().ljust(RECORD - 1, b".") + b"\n"


def append_locked(path, who):
    fd = os.open(path, os.O_WRONLY | os.O_APPEND)
    for i in range(LOCKED):
        fcntl.lockf(fd, fcntl.LOCK_EX)
        os.write(fd, record(who, i))
        fcntl.lockf(fd, fcntl.LOCK_UN)
    os.close(fd)


def beside(pipe, path):
    pipe.recv()
    append_locked(path, "two")


for number, (one, two) in enumerate(PAIRS):
    name = f"turns-{number}"
    for i in range(TURNS):
        for folder, who in ((one, "one"), (two, "two")):
            fd = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            os.write(fd, record(who, i))
            os.close(fd)
    expected = b"".join(record(who, i) for i in range(TURNS) for who in ("one", "two"))
    check(read_file(f"{one}/{name}") == expected, "appending in turn lost or misplaced a record")

    name = f"locked-{number}"
    os.close(os.open(f"{one}/{name}", os.O_CREAT | os.O_WRONLY, 0o644))
    other = Beside(beside, f"{two}/{name}")
    other.pipe.send("go")
    append_locked(f"{one}/{name}", "one")
    other.join(120)
    lines = read_file(f"{A}/{name}").splitlines(keepends=True)
    check(len(lines) == 2 * LOCKED, f"{len(lines)} records instead of {2 * LOCKED}")
    for who in ("one", "two"):
        mine = [line for line in lines if line.startswith(who.encode())]
        check(mine == [record(who, i) for i in range(LOCKED)], f"the records of {who} are not all there in order")
print(f"{2 * TURNS} in turn and {2 * LOCKED} under a lock, for each pair of mounts")
