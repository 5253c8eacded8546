"""flock between two mounts: it goes with the open file, excludes, is shared, and is waited for."""
import errno
import fcntl
import os
import time

from common import PAIRS, Beside, check, expect

BUSY = (errno.EAGAIN, errno.EACCES)
HELD_FOR = 0.3
GRANTED_WITHIN = 2.0


def waiter(pipe, path):
    with open(path, "r+b") as file:
        expect(BUSY, fcntl.flock, file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        expect(BUSY, fcntl.flock, file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        pipe.send("refused")
        fcntl.flock(file, fcntl.LOCK_EX)
        pipe.send(time.monotonic())
        pipe.recv()


slowest = 0.0
for number, (one, two) in enumerate(PAIRS):
    path = f"{one}/flock-{number}"
    with open(path, "w+b") as mine, open(path, "r+b") as again, open(f"{two}/flock-{number}", "r+b") as theirs:
        fcntl.flock(mine, fcntl.LOCK_EX)
        expect(BUSY, fcntl.flock, again, fcntl.LOCK_EX | fcntl.LOCK_NB)  # another open file, the same process
        expect(BUSY, fcntl.flock, theirs, fcntl.LOCK_EX | fcntl.LOCK_NB)
        other = Beside(waiter, f"{two}/flock-{number}")
        check(other.hear() == "refused", "a held flock was given to another")
        time.sleep(HELD_FOR)
        freed = time.monotonic()
        fcntl.flock(mine, fcntl.LOCK_UN)
        granted = other.hear()
        check(granted >= freed, "the waiting flock was granted while it was held")
        slowest = max(slowest, granted - freed)
        expect(BUSY, fcntl.flock, mine, fcntl.LOCK_SH | fcntl.LOCK_NB)
        other.pipe.send("close")
        other.join()
        fcntl.flock(mine, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(theirs, fcntl.LOCK_SH | fcntl.LOCK_NB)
        expect(BUSY, fcntl.flock, theirs, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with open(f"{two}/flock-{number}", "r+b") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX | fcntl.LOCK_NB)  # freed by the close
check(slowest < GRANTED_WITHIN, f"a waiting flock was granted {slowest:.1f} s after it was free")
print(f"a waiting flock granted {slowest * 1000:.0f} ms after it was free, at most")
