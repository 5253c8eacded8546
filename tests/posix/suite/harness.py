"""Counts assertions about system calls. A case is a function that runs as root, umask 0, in a new folder of its own, and goes on
after an assertion that does not hold. `nfs=` and `why=` name what a client of NFS sees instead, where that is not the server's doing."""
import contextlib
import errno
import itertools
import os
import shutil
import stat
import subprocess
import sys
import time
import traceback

from calls import lstat

ON_NFS = False
OK = 0
# Users that nobody is: A and B share no group, until a test says so.
A, B, C = 65_101, 65_102, 65_103
GROUP_A, GROUP_B, GROUP_C = 65_201, 65_202, 65_203
PRIMARY = {A: GROUP_A, B: GROUP_B, C: GROUP_C}
LONGEST_NAME = 255
PATH_MAX = 4096
CASE_LIMIT = 100

cases = []


class Tally:
    assertions = 0
    case = ""
    failures: list = []
    differences: dict = {}
    seconds: dict = {}
    tick = itertools.count()


def case(function):
    """Registers a case; its name is its module's and its own."""
    module = function.__module__.removesuffix("_")
    cases.append((f"{module}.{function.__name__}", function))
    return function


def name_of(code):
    if code == OK:
        return "OK"
    return errno.errorcode.get(code, str(code))


def shown(value):
    if isinstance(value, (str, bytes)):
        text = repr(value)
        return text if len(text) < 60 else f"{text[:20]}...{text[-20:]} ({len(value)} long)"
    if isinstance(value, tuple):
        return "(" + ", ".join(shown(part) for part in value) + ")"
    return oct(value) if isinstance(value, int) and not isinstance(value, bool) and 0o100 <= value <= 0o7777 else repr(value)


def describe(call, arguments, named):
    parts = [shown(argument) for argument in arguments] + [f"{key}={shown(value)}" for key, value in named.items()]
    who = f" as {os.geteuid()}:{os.getegid()}" if os.geteuid() else ""
    return f"{getattr(call, '__name__', str(call))}({', '.join(parts)}){who}"


def judge(text, expected, came, nfs=None, why=None):
    Tally.assertions += 1
    if ON_NFS and nfs is not None:
        Tally.differences.setdefault(why, []).append(f"{Tally.case}: {text}: {nfs}, where a local file system gives {expected}")
        expected = nfs
    if came != expected:
        Tally.failures.append(f"{Tally.case}: {text}: expected {expected}, came {came}")
        return False
    return True


def attempt(call, arguments, named):
    """(OK, what it returned), or (errno, None)."""
    try:
        return OK, call(*arguments, **named)
    except OSError as error:
        return error.errno or -1, None


def ok(call, *arguments, **named):
    """The call has to succeed. Returns what it returns, None where it failed."""
    code, result = attempt(call, arguments, named)
    judge(describe(call, arguments, named), "OK", name_of(code))
    return result


def fails(expected, call, *arguments, nfs=None, why=None, **named):
    """The call has to fail with this errno, or with one of these."""
    allowed = expected if isinstance(expected, tuple) else (expected,)
    code, result = attempt(call, arguments, named)
    if code == OK and isinstance(result, int) and call in (os.open,):
        os.close(result)
    wanted = name_of(code) if code in allowed and code != OK else " or ".join(name_of(one) for one in allowed)
    judge(describe(call, arguments, named), wanted, name_of(code), None if nfs is None else name_of(nfs), why)


def gives(expected, call, *arguments, **named):
    """`fails`, or `ok` where OK is expected; an opened file is closed."""
    if expected != OK:
        fails(expected, call, *arguments, **named)
        return
    result = ok(call, *arguments, **named)
    if call is os.open and result is not None:
        os.close(result)


def same(what, expected, came, nfs=None, why=None):
    judge(what, expected, came, nfs, why)


def true(what, condition, nfs=None, why=None):
    judge(what, True, bool(condition), nfs, why)


@contextlib.contextmanager
def user(uid, gid=None, groups=()):
    """What is done inside is done by somebody without privilege: the effective ids are what the kernel goes by."""
    os.setgroups(list(groups))
    os.setresgid(-1, PRIMARY.get(uid, uid) if gid is None else gid, -1)
    os.setresuid(-1, uid, -1)
    try:
        yield
    finally:
        os.setresuid(-1, 0, -1)
        os.setresgid(-1, 0, -1)
        os.setgroups([])


@contextlib.contextmanager
def umask(mask):
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextlib.contextmanager
def opened(path, flags=os.O_RDONLY, mode=0o777):
    """The open file; an OSError from opening ends the case, so only where opening is not the question."""
    descriptor = os.open(path, flags, mode)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def fresh(prefix="n"):
    return f"{prefix}{next(Tally.tick)}"


KINDS = ("regular", "dir", "fifo", "block", "char", "socket", "symlink")
SPECIAL = {"fifo": stat.S_IFIFO, "block": stat.S_IFBLK, "char": stat.S_IFCHR, "socket": stat.S_IFSOCK}
TYPE_BITS = {**SPECIAL, "regular": stat.S_IFREG, "dir": stat.S_IFDIR, "symlink": stat.S_IFLNK}
DEVICE = os.makedev(1, 3)


def make(kind, path=None, mode=0o644, owner=None):
    """Makes one of KINDS, not as an assertion. The symbolic link leads nowhere. Returns its path."""
    path = fresh(kind[0]) if path is None else path
    if kind == "regular":
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    elif kind == "dir":
        os.mkdir(path, mode)
    elif kind == "symlink":
        os.symlink("leads-nowhere", path)
    else:
        os.mknod(path, SPECIAL[kind] | mode, DEVICE if kind in ("block", "char") else 0)
    if owner is not None:
        os.lchown(path, owner, PRIMARY.get(owner, owner))
    if kind != "symlink" and stat.S_IMODE(lstat(path).mode) != mode:
        os.chmod(path, mode)
    return path


def write_file(path, data=b"data"):
    with open(path, "wb", buffering=0) as file:
        file.write(data)
    return path


def long_path(length, last):
    """A relative path of exactly `length` bytes whose folders are there, `last` bytes of it for the last name."""
    path = ""
    left = length - last
    while left > 0:
        take = min(left, LONGEST_NAME + 1)
        if 0 < left - take < 2:  # a folder's name has at least one byte
            take -= 2
        path += "d" * (take - 1) + "/"
        left -= take
        if not os.path.isdir(path):
            os.mkdir(path, 0o755)
    return path + "x" * last


def remove_tree(root):
    """Paths in it may be longer than PATH_MAX, or may not be entered by their modes."""
    shutil.rmtree(root)


def detach_mounts(root):
    with open("/proc/self/mounts") as mounts:
        points = [line.split()[1] for line in mounts]
    for point in reversed(points):
        if point.startswith(f"{root}/"):
            subprocess.run(["umount", "-l", point], check=False)


def run(root, only, say):
    """Runs the cases (all, or those whose name begins with one of `only`) in folders below `root`."""
    for name, function in cases:
        if only and not any(name.startswith(prefix) for prefix in only):
            continue
        Tally.case = name
        folder = os.path.join(root, name)
        os.mkdir(folder, 0o755)
        os.chdir(folder)
        before = len(Tally.failures)
        began = time.monotonic()
        try:
            function()
        except Exception as error:  # noqa: BLE001 - a case that breaks off is a failure, the others go on
            at = traceback.extract_tb(error.__traceback__)[-1]
            Tally.failures.append(f"{name}: broke off at {os.path.basename(at.filename)}:{at.lineno}: {type(error).__name__}: {error}")
        finally:
            os.chdir(root)
            detach_mounts(folder)
        for failure in Tally.failures[before:][:CASE_LIMIT]:
            say(f"FAIL {failure}")
        try:
            remove_tree(folder)
            Tally.seconds[name] = time.monotonic() - began
        except OSError as error:
            Tally.failures.append(f"{name}: its folder could not be removed: {error}")
            say(f"FAIL {Tally.failures[-1]}")
    sys.stdout.flush()
