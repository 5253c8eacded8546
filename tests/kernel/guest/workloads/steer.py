"""What the workloads that steer the server share: the operator's end of it, clients of their own, and a load on them.

The operator (rig/operator.ts) does on the host what a guest cannot: it asks the API over its socket, runs dfsctl, counts
sockets with ss, takes an address away, cuts a connection, kills the server.
"""
import contextlib
import fcntl
import hashlib
import json
import os
import random
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request

from common import B, Beside, Slowest, check, drop_caches, expect

SERVER = os.environ["SERVER_ADDRESS"]
SECOND_SERVER = os.environ["SECOND_SERVER"]
CUTTER = os.environ["CUTTER"]
PORT = int(os.environ["PORT"])
FULL = os.environ["FULL"] != ""
# The folder of this workload, seen from the root of the share.
FOLDER = os.path.relpath(B, "/mnt/b")
WAIT_LIMIT = 60


def ask(what, **parts):
    question = json.dumps({"do": what, **parts}).encode()
    try:
        with urllib.request.urlopen(f"http://{os.environ['OPERATOR']}/", question, timeout=120) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{what}: {error.read().decode()}") from None


def rest(method, path, body=None):
    """The answer of the API as JSON, which has to be a good one."""
    parts = {} if body is None else {"body": body}
    answer = ask("rest", method=method, path=f"/api/v1{path}", **parts)
    check(answer["status"] < 300, f"{method} {path}: {answer['status']} {answer['body']}")
    return json.loads(answer["body"]) if answer["body"] else None


def dfsctl(*arguments):
    """What `dfsctl -o json` prints."""
    done = ask("dfsctl", args=["-o", "json", *arguments])
    check(done["code"] == 0, f"dfsctl {' '.join(arguments)}: status {done['code']}, {done['stderr']}")
    return json.loads(done["stdout"])


def metrics():
    """The samples of a scrape, by name with labels."""
    answer = ask("rest", method="GET", path="/metrics")
    check(answer["status"] == 200, f"/metrics: {answer['status']}")
    lines = [line for line in answer["body"].splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def total(samples, name, **labels):
    """The sum of the samples of this name with these labels."""
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    fits = lambda key: re.split(r"[{ ]", key)[0] == name and all(part in key for part in wanted)
    return sum(value for key, value in samples.items() if fits(key))


def wait_until(what, condition):
    """Until it is true; the answer. A busy machine has a minute for it."""
    deadline = time.monotonic() + WAIT_LIMIT
    while not (answer := condition()):
        check(time.monotonic() < deadline, f"after {WAIT_LIMIT} s still not: {what}")
        time.sleep(0.05)
    return answer


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_LIMIT)
    check(done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Client:
    """One more client of the server: a network namespace with an address, and a host name, of its own."""

    count = 0

    def __init__(self):
        number = Client.count
        Client.count += 1
        self.name = f"more-{os.getpid()}-{number}"
        head, last = os.environ["MORE_CLIENTS"].rsplit(".", 1)
        self.address = f"{head}.{int(last) + number}"
        self.mounts = []
        link = f"more{number}"
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", "link", "vec0", "name", link, "type", "macvlan", "mode", "bridge")
        run("ip", "link", "set", link, "netns", self.name)
        for part in (f"addr add {self.address}/24 dev {link}", "link set lo up", f"link set {link} up"):
            run("ip", "-n", self.name, *part.split())

    def mount(self, options="", server=SERVER):
        """Mounts the share; the folder of this workload on it."""
        where = f"/mnt/{self.name}-{len(self.mounts)}"
        os.mkdir(where)
        given = f"vers={os.environ['VERS']},proto=tcp,port={PORT},hard"
        inside = ("nsenter", f"--net=/run/netns/{self.name}", "unshare", "--uts", "bash", "-c")
        script = 'hostname "$0" && exec mount -t nfs -o "$@"'
        source = f"{server}:{os.environ['EXPORT']}"
        run(*inside, script, self.name, ",".join(filter(None, (given, options))), source, where)
        self.mounts.append(where)
        return os.path.join(where, FOLDER)

    def sockets(self):
        """Established connections to the server, as the guest sees them: the client's ports."""
        shown = run("ip", "netns", "exec", self.name, "ss", "-Htn", "state", "established", f"( dport = :{PORT} )")
        return [int(line.split()[-2].rsplit(":", 1)[1]) for line in shown.splitlines() if line.strip()]

    def connections(self):
        """The same as the API lists them."""
        listed = rest("GET", "/connections")["connections"]
        return [one for one in listed if one["remote"].rsplit(":", 1)[0] == self.address]

    def session(self):
        """Its session, with its connections."""
        ids = {(s["client_id"], s["session_id"]) for one in self.connections() for s in one["sessions"]}
        check(len(ids) == 1, f"{self.address} has {len(ids)} sessions")
        ((client, session),) = ids
        return rest("GET", f"/clients/{client}/sessions/{session}")

    def close(self, by_force=False):
        for where in reversed(self.mounts):
            if by_force:
                subprocess.run(("umount", "-f", "-l", where), capture_output=True, timeout=WAIT_LIMIT, check=False)
            else:
                run("umount", where)
            os.rmdir(where)
        self.mounts = []
        run("ip", "netns", "del", self.name)


@contextlib.contextmanager
def clients(count=1):
    made = [Client() for _ in range(count)]
    try:
        yield made[0] if count == 1 else made
    except BaseException:
        for client in made:
            with contextlib.suppress(Exception):
                client.close(by_force=True)
        raise
    for client in made:
        client.close()


def limit_to(connections):
    rest("PATCH", "/adapters/nfs/settings", {"settings": {"v4_max_connections_per_session": connections}})


class Writers:
    """Threads that write files, with fsync, read them back, and remember what has to be in them."""

    KEPT = 12

    def __init__(self, where, count=16):
        self.where = where
        self.slowest = Slowest()
        self.rounds = 0
        self.kept = {}
        self.failure = None
        self._lock = threading.Lock()
        self._over = threading.Event()
        os.makedirs(where, exist_ok=True)
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def _work(self, number):
        chance = random.Random(number)
        try:
            for turn in range(1 << 30):
                if self._over.is_set():
                    return
                self._round(f"{number}-{turn % self.KEPT}", chance.randbytes(chance.randrange(1, 24_000)))
        except BaseException as error:  # noqa: B036 - raised again by check()
            self.failure = error

    def _round(self, name, data):
        path = f"{self.where}/{name}"
        with self.slowest.watch("create"):
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            half = len(data) // 2
            with self.slowest.watch("write"):
                os.pwrite(fd, data[half:], half)
                os.pwrite(fd, data[:half], 0)
            with self.slowest.watch("fsync"):
                os.fsync(fd)
            with self.slowest.watch("stat"):
                check(os.stat(path).st_size == len(data), f"{name} has another size than was written")
        finally:
            os.close(fd)
        with self.slowest.watch("read"), open(path, "rb") as file:
            check(file.read() == data, f"{name} reads as something else than was written")
        with self._lock:
            self.rounds += 1
            self.kept[name] = hashlib.sha256(data).digest()

    def check(self):
        if self.failure is not None:
            raise self.failure

    def more(self, rounds):
        """Until they have done so many more rounds."""
        goal = self.rounds + rounds
        while self.rounds < goal and self.failure is None:
            time.sleep(0.02)
        self.check()

    def finish(self, seen_at):
        """Ends them; then another client has to see what they wrote."""
        self._over.set()
        for thread in self._threads:
            thread.join(WAIT_LIMIT)
            check(not thread.is_alive(), "a writer does not come back")
        self.check()
        drop_caches()
        for name, digest in self.kept.items():
            with open(f"{seen_at}/{name}", "rb") as file:
                check(hashlib.sha256(file.read()).digest() == digest, f"another client reads {name} otherwise")


@contextlib.contextmanager
def writing(where, seen_at, count=16):
    load = Writers(where, count)
    try:
        yield load
    finally:
        load._over.set()
    load.finish(seen_at)


def _clone(pipe, where):
    tree = f"{os.environ['FIXTURES']}/tree"
    count = 0
    while count == 0 or not pipe.poll():
        run("rm", "-rf", where)
        run("git", "clone", "-q", f"file://{os.environ['FIXTURES']}/repository", where)
        # Not diff -r alone: git has to find its own objects whole, too.
        check(run("git", "-C", where, "status", "--porcelain") == "", "the fresh clone is not clean")
        run("diff", "-r", "--exclude=.git", tree, where)
        count += 1
    pipe.send(count)


@contextlib.contextmanager
def cloning(where):
    """Clones a git repository there, again and again, until the end of the block; each time it has to be right."""
    other = Beside(_clone, where)
    yield
    other.pipe.send("enough")
    check(other.hear(180) >= 1, "no clone was made")
    other.join()


def _hold(pipe, path):
    with open(path, "r+b", buffering=0) as file:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        pipe.send("held")
        turn = 0
        while not pipe.poll(0.05):
            turn += 1
            os.pwrite(file.fileno(), turn.to_bytes(8, "big"), 0)
            os.fsync(file.fileno())
        pipe.send(turn)


@contextlib.contextmanager
def locking(where, seen_at):
    """Holds a lock there until the end of the block, and writes under it; the other client is refused all the time."""
    with open(f"{where}/locked", "wb") as file:
        file.write(bytes(8))
    holder = Beside(_hold, f"{where}/locked")
    check(holder.hear() == "held", "the lock was not granted")
    refused, over, failure = [0], threading.Event(), []

    def try_it():
        try:
            with open(f"{seen_at}/locked", "r+b", buffering=0) as file:
                while not over.wait(0.1):
                    expect((11, 13), fcntl.lockf, file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    refused[0] += 1
        except BaseException as error:  # noqa: B036 - raised again below
            failure.append(error)

    other = threading.Thread(target=try_it)
    other.start()
    try:
        yield
    finally:
        over.set()
        other.join(WAIT_LIMIT)
    for error in failure:
        raise error
    check(refused[0] > 0, "the other client has not tried")
    holder.pipe.send("enough")
    turn = holder.hear()
    holder.join()
    with open(f"{seen_at}/locked", "r+b", buffering=0) as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        check(int.from_bytes(file.read(8), "big") == turn, "what was written under the lock is not there")
