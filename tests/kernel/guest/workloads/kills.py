"""The server is killed with -9 and started again, over and over, while two clients clone, copy and count under a lock: all end right."""
import fcntl
import hashlib
import multiprocessing
import os
import random
import re
import subprocess
import tempfile
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
# Seconds between two looks at whether a command goes on.
LOOK_EVERY = 0.05
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


def calls(pid):
    """Bytes that a process and those that it started have asked to read and write so far: whether they go on."""
    total = 0
    try:
        with open(f"/proc/{pid}/io") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith(("rchar", "wchar")))
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            total += sum(calls(child) for child in file.read().split())
    except (FileNotFoundError, ProcessLookupError):
        pass
    return total


def run(progress, *command):
    """Its output; each time that it is seen to have gone on is a step."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as error:
        process = subprocess.Popen(command, stdout=out, stderr=error)
        deadline, seen = time.monotonic() + LIMIT, 0
        while process.poll() is None:
            check(time.monotonic() < deadline, f"{' '.join(command)}: not done after {LIMIT} s")
            now = calls(process.pid)
            if now != seen:
                progress.step()
            seen = now
            time.sleep(LOOK_EVERY)
        progress.step()
        out.seek(0)
        error.seek(0)
        check(process.returncode == 0, f"{' '.join(command)}: {error.read().strip()}")
        return out.read()


def clone_again_and_again(pipe, where, progress):
    run_ = lambda *command: run(progress, *command)
    count = 0
    while count == 0 or not pipe.poll():
        run_("rm", "-rf", where)
        run_("git", "clone", "-q", f"file://{os.environ['FIXTURES']}/repository", where)
        check(run_("git", "-C", where, "status", "--porcelain") == "", "the fresh clone is not clean")
        run_("git", "-C", where, "fsck", "--no-progress")
        run_("diff", "-r", "--exclude=.git", f"{os.environ['FIXTURES']}/tree", where)
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
    """Seconds after which the server listened, was ready, and that each of the loads did not go on."""
    for load in loads:
        load.forget_longest()
    killed, listens, ready = ask("crash")
    seen = [load.steps for load in loads]
    deadline = time.monotonic() + LIMIT
    # Two steps: one may have been under way before the kill.
    while any(load.steps < before + 2 for load, before in zip(loads, seen)):
        check(time.monotonic() < deadline, f"{[load.name for load in loads]}: not all go on after a kill")
        time.sleep(0.01)
    return listens - killed, ready - killed, [load.longest for load in loads]


with clients(2) as (client, other):
    folder, seen_at = client.mount("nconnect=4"), other.mount()
    before = len(kernel_log())
    expected = make_source(f"{folder}/source")
    with open(f"{folder}/counter", "wb") as file:
        file.write(bytes(NUMBER_BYTES))
    loads = [Progress("copy"), Progress("clone"), Progress("count")]
    # Who waits for a lock is told by the next process, over a connection of its client: the other, which does nothing but wait, makes one only when
    # it asks again, after 30 s at most.
    counters = [Progress("one"), Progress("other")]
    copying = Beside(copy_again_and_again, f"{folder}/source", f"{folder}/copy", expected, loads[0])
    counting = [
        Beside(count_under_lock, f"{where}/counter", loads[2], alone)
        for where, alone in zip((folder, seen_at), counters)
    ]
    cloning = Beside(clone_again_and_again, f"{folder}/clone", loads[1])
    working = (copying, *counting, cloning)
    chance = random.Random(KILLS)
    outages = []
    began = time.time()
    for number in range(KILLS):
        time.sleep(chance.uniform(0.1, MOST_BETWEEN))
        listens, start, gaps = kill_once(loads)
        outages.append((start, max(gaps)))
        pauses = ", ".join(f"{load.name} {gap:.2f} ({gap - start:+.2f})" for load, gap in zip(loads, gaps))
        print(f"report: kill {number + 1:2}: listens after {listens:.2f} s, ready after {start:.2f}; no step for: {pauses}", flush=True)
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
