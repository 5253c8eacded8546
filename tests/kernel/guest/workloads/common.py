"""What the workloads in Python share. A and B are this workload's folder as two mounts show it, which are two clients."""
import contextlib
import multiprocessing
import os
import sys
import time

A = os.environ["A"]
B = os.environ["B"]
TMP = os.environ["TMP"]
MINOR = int(os.environ["VERS"].split(".")[1])
# Two processes of one client, and two clients.
PAIRS = ((A, A), (A, B))


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def expect(errors, call, *arguments, **named):
    """The call has to fail with one of these errnos."""
    errors = errors if isinstance(errors, tuple) else (errors,)
    try:
        call(*arguments, **named)
    except OSError as error:
        if error.errno not in errors:
            raise
        return
    raise AssertionError(f"{getattr(call, '__name__', call)}{arguments!r} succeeded")


def skip(reason):
    print(reason)
    sys.exit(77)


def drop_caches():
    """Clean pages, dentries and inodes leave the guest's caches: what is read next comes from the server."""
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as control:
        control.write("3")


def write_file(path, data):
    with open(path, "wb") as file:
        file.write(data)


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


WORTH_TELLING = 0.3


class Slowest:
    """Keeps the longest time that one of many calls took, and tells the runner of the long ones."""

    def __init__(self):
        self.seconds = 0.0
        self.what = ""

    @contextlib.contextmanager
    def watch(self, what):
        began = time.monotonic()
        yield
        took = time.monotonic() - began
        if took > WORTH_TELLING:
            now = time.time()
            with open(os.environ["WAITS"], "a") as file:
                file.write(f"wait {now - took:.4f} {now:.4f} {what}\n")
        if took > self.seconds:
            self.seconds, self.what = took, what

    def __str__(self):
        return f"slowest: {self.what} {self.seconds * 1000:.0f} ms"


class Beside:
    """Runs a function in a process of its own; `join` raises what it raised. The function gets a pipe's end."""

    def __init__(self, function, *arguments):
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=self._run, args=(function, theirs, arguments))
        self._process.start()

    @staticmethod
    def _run(function, pipe, arguments):
        try:
            function(pipe, *arguments)
            pipe.send(("done", None))
        except BaseException as error:  # noqa: B036 - it is raised again on the other side
            pipe.send(("failed", f"{type(error).__name__}: {error}"))

    def hear(self, seconds=60):
        """The next thing the process sent; its failure is raised here."""
        check(self.pipe.poll(seconds), f"nothing from the process beside for {seconds} s")
        heard = self.pipe.recv()
        if isinstance(heard, tuple) and heard and heard[0] == "failed":
            raise AssertionError(heard[1])
        return heard

    def join(self, seconds=60):
        heard = self.hear(seconds)
        check(heard == ("done", None), f"unexpected {heard!r} from the process beside")
        self._process.join(seconds)
