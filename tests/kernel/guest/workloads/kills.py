"""The server is killed with -9 and started again, over and over, while two clients clone, copy and count under a lock: all end right."""
import fcntl
import hashlib
import multiprocessing
import os
import random
import re
import subprocess
import time

from common import Beside, check, drop_caches
from steer import FULL, ask, clients

MIB = 1 << 20
KILLS = 20 if FULL else 5
COPY_MIB = 1024 if FULL else 64
# A clone, a copy of the full size, a start: each may take minutes on a slow machine.
LIMIT = 400
# Seconds between a load's going on and the next kill.
MOST_BETWEEN = 2.0
NUMBER_BYTES = 8
# What the kernel says when a lock, an open or a request is lost. That it waits for a server is no loss.
LOST = re.compile(r"(?i)(nfs|lockd|sunrpc|rpc).*(lost|fail|error|reclaim|invalid|bad|expired|unhandled)|I/O error")


class Progress:
    """When a load last went on, and the longest that it did not, for whoever looks from another process."""

    def __init__(self, name):
        self.name = name
        self._values = multiprocessing.Array("d", [time.time(), 0.0, 0.0])

    def step(self):
        with self._values.get_lock():
            last, longest, steps = self._values
            now = time.time()
            self._values[:] = [now, max(longest, now - last), steps + 1]

    def forget_longest(self):
        with self._values.get_lock():
            self._values[1] = 0.0

    @property
    def longest(self):
        return self._values[1]

    @property
    def steps(self):
        return self._values[2]


def digest(path):
    found = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while data := file.read(MIB):
            found.update(data)
    return found.hexdigest()


def make_source(path):
    chance = random.Random(COPY_MIB)
    expected = hashlib.sha256()
    with open(path, "wb", buffering=0) as file:
        for _ in range(COPY_MIB):
            data = chance.randbytes(MIB)
            expected.update(data)
            check(file.write(data) == MIB, "a short write")
        os.fsync(file.fileno())
    return expected.hexdigest()


def copy_again_and_again(pipe, source, target, expected, progress):
    count = 0
    while count == 0 or not pipe.poll():
        with open(source, "rb", buffering=0) as given, open(target, "wb", buffering=0) as copy:
            while data := given.read(MIB):
                check(copy.write(data) == len(data), "a short write")
                # Else all of it is in the client's memory, and a kill is not felt.
                os.fsync(copy.fileno())
                os.posix_fadvise(given.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                progress.step()
        check(digest(target) == expected, f"copy {count} is not what was copied")
        progress.step()
        count += 1
    pipe.send(count)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    check(done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def clone_again_and_again(pipe, where):
    count = 0
    while count == 0 or not pipe.poll():
        run("rm", "-rf", where)
        run("git", "clone", "-q", f"file://{os.environ['FIXTURES']}/repository", where)
        check(run("git", "-C", where, "status", "--porcelain") == "", "the fresh clone is not clean")
        run("git", "-C", where, "fsck", "--no-progress")
        run("diff", "-r", "--exclude=.git", f"{os.environ['FIXTURES']}/tree", where)
        count += 1
    pipe.send(count)


def count_under_lock(pipe, path, together, alone):
    """Adds one at a time, as the other client does: without the lock they would overwrite each other's."""
    added = 0
    with open(path, "r+b", buffering=0) as file:
        while not pipe.poll():
            fcntl.lockf(file, fcntl.LOCK_EX)
            value = int.from_bytes(os.pread(file.fileno(), NUMBER_BYTES, 0), "big")
            os.pwrite(file.fileno(), (value + 1).to_bytes(NUMBER_BYTES, "big"), 0)
            fcntl.lockf(file, fcntl.LOCK_UN)
            added += 1
            together.step()
            alone.step()
    pipe.send(added)


def kernel_log():
    return subprocess.run(("dmesg",), capture_output=True, text=True, check=True).stdout.splitlines()


def kill_once(loads):
    """Seconds that the server took to be there again, and that the loads did not go on."""
    for load in loads:
        load.forget_longest()
    killed, ready = ask("crash")
    seen = [load.steps for load in loads]
    deadline = time.monotonic() + LIMIT
    # Two steps: one may have been under way before the kill.
    while any(load.steps < before + 2 for load, before in zip(loads, seen)):
        check(time.monotonic() < deadline, f"{[load.name for load in loads]}: not all go on after a kill")
        time.sleep(0.01)
    return ready - killed, [load.longest for load in loads]


with clients(2) as (client, other):
    folder, seen_at = client.mount("nconnect=4"), other.mount()
    before = len(kernel_log())
    expected = make_source(f"{folder}/source")
    with open(f"{folder}/counter", "wb") as file:
        file.write(bytes(NUMBER_BYTES))
    loads = [Progress("copy"), Progress("count")]
    # Who waits for a lock while the server is killed is not told when it is free: Linux asks again, after 30 s at most.
    counters = [Progress("one"), Progress("other")]
    copying = Beside(copy_again_and_again, f"{folder}/source", f"{folder}/copy", expected, loads[0])
    counting = [
        Beside(count_under_lock, f"{where}/counter", loads[1], alone)
        for where, alone in zip((folder, seen_at), counters)
    ]
    cloning = Beside(clone_again_and_again, f"{folder}/clone")
    working = (copying, *counting, cloning)
    chance = random.Random(KILLS)
    outages = []
    began = time.time()
    for number in range(KILLS):
        time.sleep(chance.uniform(0.1, MOST_BETWEEN))
        start, gaps = kill_once(loads)
        outages.append((start, max(gaps)))
        print(f"kill {number + 1}: started in {start:.2f} s; " + ", ".join(
            f"{load.name} paused {gap:.2f} s" for load, gap in zip(loads, gaps)), flush=True)
        for beside in working:
            # It says something now only if it has failed.
            if beside.pipe.poll():
                beside.hear()
    # Other mounts find the server again in their own time: Linux waits 3 s before it tries again to connect.
    for mount in ("/mnt/a", "/mnt/b"):
        os.statvfs(mount)
    with open(os.environ["WAITS"], "a") as file:
        file.write(f"excused {began:.4f} {time.time():.4f}\n")
    for beside in working:
        beside.pipe.send("enough")
    copies, *added, clones = [beside.hear(LIMIT) for beside in working]
    for beside in working:
        beside.join()
    drop_caches()
    for where in (folder, seen_at):
        with open(f"{where}/counter", "r+b", buffering=0) as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            value = int.from_bytes(file.read(NUMBER_BYTES), "big")
            check(value == sum(added), f"{added} were added, the counter is at {value}")
    check(digest(f"{seen_at}/copy") == expected, "another client reads the copy otherwise")
    lost = [line for line in kernel_log()[before:] if LOST.search(line)]
    check(not lost, f"the kernel says: {'; '.join(lost[:3])}")
starts, gaps = zip(*outages)
print(
    f"{KILLS} kills; {clones} clones, {copies} copies of {COPY_MIB} MiB, counted {added[0]} and {added[1]}; "
    f"start {sum(starts) / KILLS:.1f} s, at most {max(starts):.1f}; outage {sum(gaps) / KILLS:.1f} s, at most "
    f"{max(gaps):.1f}; longest beyond its start {max(gap - start for start, gap in outages):.1f} s; longest wait for a "
    f"turn {max(counter.longest for counter in counters):.0f} s"
)
