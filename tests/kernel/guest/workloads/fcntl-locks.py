"""Byte-range locks between two mounts: refused, shared, split, waited for, freed by close."""
import errno
import fcntl
import os
import struct
import time

from common import PAIRS, Beside, check, expect

BUSY = (errno.EAGAIN, errno.EACCES)
HELD_FOR = 0.3
# A client polls after a second where the server does not call it back: hold and poll together stay below this.
GRANTED_WITHIN = 2.0
EXCLUSIVE, SHARED, UNLOCK, NOW = fcntl.LOCK_EX, fcntl.LOCK_SH, fcntl.LOCK_UN, fcntl.LOCK_NB


def holder(fd, start, length):
    """Who F_GETLK says is in the way of a write lock: its start and length, or None."""
    asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
    kind, _, where, size, _ = struct.unpack("hhqqi4x", fcntl.fcntl(fd, fcntl.F_GETLK, asked))
    return None if kind == fcntl.F_UNLCK else (where, size)


def waiter(pipe, path):
    """Takes the lock on bytes 0 to 9 as soon as it is free, and says when that was."""
    fd = os.open(path, os.O_RDWR)
    expect(BUSY, fcntl.lockf, fd, EXCLUSIVE | NOW, 10, 0)
    pipe.send("refused")
    fcntl.lockf(fd, EXCLUSIVE, 10, 0)
    pipe.send(time.monotonic())
    pipe.recv()
    os.close(fd)


slowest = 0.0
for number, (one, two) in enumerate(PAIRS):
    name = f"locks-{number}"
    mine = os.open(f"{one}/{name}", os.O_RDWR | os.O_CREAT, 0o644)
    os.ftruncate(mine, 1000)
    fcntl.lockf(mine, EXCLUSIVE, 10, 0)
    other = Beside(waiter, f"{two}/{name}")
    check(other.hear() == "refused", "a held lock was given to another")
    time.sleep(HELD_FOR)
    freed = time.monotonic()
    fcntl.lockf(mine, UNLOCK, 10, 0)
    granted = other.hear()
    check(granted >= freed, "the waiting lock was granted while it was held")
    slowest = max(slowest, granted - freed)
    expect(BUSY, fcntl.lockf, mine, EXCLUSIVE | NOW, 1, 9)
    expect(BUSY, fcntl.lockf, mine, SHARED | NOW, 1, 0)
    check(holder(mine, 0, 1000) == (0, 10), f"F_GETLK names {holder(mine, 0, 1000)}, not bytes 0 to 9")
    fcntl.lockf(mine, EXCLUSIVE | NOW, 1, 10)  # beside it is free
    fcntl.lockf(mine, UNLOCK, 1, 10)
    other.pipe.send("close")
    other.join()
    fcntl.lockf(mine, EXCLUSIVE | NOW, 10, 0)  # freed by the close
    fcntl.lockf(mine, UNLOCK, 10, 0)

    # Another process through the other mount, so that the locks are another owner's.
    def steps(pipe, path):
        fd = os.open(path, os.O_RDWR)
        while (step := pipe.recv()) != "end":
            kind, length, start = step
            try:
                fcntl.lockf(fd, kind, length, start)
                pipe.send(True)
            except OSError as error:
                if error.errno not in BUSY:
                    raise
                pipe.send(False)
        os.close(fd)

    other = Beside(steps, f"{two}/{name}")

    def theirs(kind, length, start):
        other.pipe.send((kind, length, start))
        return other.hear()

    fcntl.lockf(mine, SHARED, 100, 0)
    check(theirs(SHARED | NOW, 100, 0), "two shared locks are refused")
    expect(BUSY, fcntl.lockf, mine, EXCLUSIVE | NOW, 100, 0)
    check(theirs(UNLOCK, 100, 0), "unlocking failed")
    fcntl.lockf(mine, EXCLUSIVE | NOW, 100, 0)  # upgraded
    fcntl.lockf(mine, UNLOCK, 20, 40)  # split
    check(theirs(EXCLUSIVE | NOW, 20, 40), "the middle of a split lock is not free")
    check(not theirs(EXCLUSIVE | NOW, 1, 39), "the part before the split is free")
    check(not theirs(EXCLUSIVE | NOW, 1, 60), "the part after the split is free")
    check(theirs(EXCLUSIVE | NOW, 0, 500), "a lock to the end of the file is refused")
    expect(BUSY, fcntl.lockf, mine, EXCLUSIVE | NOW, 1, 1 << 40)
    other.pipe.send("end")
    other.join()
    fcntl.lockf(mine, EXCLUSIVE | NOW)
    os.close(mine)
    again = os.open(f"{two}/{name}", os.O_RDWR)
    fcntl.lockf(again, EXCLUSIVE | NOW)
    os.close(again)
check(slowest < GRANTED_WITHIN, f"a waiting lock was granted {slowest:.1f} s after it was free")
print(f"a waiting lock granted {slowest * 1000:.0f} ms after it was free, at most")
