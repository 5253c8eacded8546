"""utimensat and futimens."""
import errno
import os
import time

from calls import AT_SYMLINK_NOFOLLOW, NSEC, futimens, lstat, utimensat
from harness import A, B, GROUP_A, KINDS, OK, case, fails, make, ok, opened, same, true, user

ONE_OF_TWO = "the server is asked for its own time, which who may write may have: it is not told that the other time was left out"
AROUND_NOW = 3600 * NSEC
BEFORE = (1_111_111_111_111_111_111, 1_222_222_222_222_222_222)


def times(path):
    found = lstat(path)
    return found.atime, found.mtime


def is_now(when):
    return abs(when - time.time_ns()) < AROUND_NOW


@case
def values():
    path = make("regular")
    for atime, mtime in ((0, 1), (1_234_567_890_123_456_789, 1_987_654_321_999_999_999), (2**31 * NSEC, (2**31 + 1) * NSEC + 5), (2**32 * NSEC + 7, 2**33 * NSEC + 8), (-1, -NSEC * 1000 - 3)):
        ok(utimensat, path, atime, mtime)
        same("times", (atime, mtime), times(path))


@case
def now_and_omit():
    path = make("regular")
    for atime in (5_000_000_005, "now", "omit"):
        for mtime in (7_000_000_007, "now", "omit"):
            utimensat(path, *BEFORE)
            before = lstat(path)
            time.sleep(0.02)
            ok(utimensat, path, atime, mtime)
            after = lstat(path)
            for name, asked, was, came in (("atime", atime, BEFORE[0], after.atime), ("mtime", mtime, BEFORE[1], after.mtime)):
                if asked == "now":
                    true(f"{name} of {atime}, {mtime} is now", is_now(came))
                else:
                    same(f"{name} of {atime}, {mtime}", was if asked == "omit" else asked, came)
            if (atime, mtime) == ("omit", "omit"):
                same("ctime where nothing is asked for", before.ctime, after.ctime)
            else:
                true(f"ctime moves with {atime}, {mtime}", after.ctime > before.ctime)
    utimensat(path, *BEFORE)
    ok(utimensat, path, None, None)
    true("both are now without times", is_now(times(path)[0]) and is_now(times(path)[1]))


@case
def who():
    """Explicit times are the owner's; now is for whoever may write."""
    path = make("regular", mode=0o646, owner=A)
    os.chmod(path, 0o664)
    explicit = ((1, 2), (1, "now"), ("now", 2), (1, "omit"), ("omit", 2))
    one_of_two = (("now", "omit"), ("omit", "now"))
    for gid, groups, writes in ((GROUP_A, (), True), (None, (GROUP_A,), True), (None, (), False)):
        with user(B, gid, groups):
            for atime, mtime in explicit:
                fails(errno.EPERM, utimensat, path, atime, mtime)
            for atime, mtime in one_of_two:
                fails(errno.EPERM, utimensat, path, atime, mtime, nfs=OK if writes else errno.EACCES, why=ONE_OF_TWO)
            for atime, mtime in (("now", "now"), (None, None)):
                if writes:
                    ok(utimensat, path, atime, mtime)
                else:
                    fails(errno.EACCES, utimensat, path, atime, mtime)
            ok(utimensat, path, "omit", "omit")
    os.chmod(path, 0o000)
    with user(A):
        for atime, mtime in explicit + one_of_two + (("now", "now"), (None, None)):
            ok(utimensat, path, atime, mtime)
    ok(utimensat, path, 3, 4)
    same("times by root", (3, 4), times(path))


@case
def kinds():
    for kind in KINDS:
        path = make(kind)
        ok(utimensat, path, *BEFORE, AT_SYMLINK_NOFOLLOW)
        same(f"times of the {kind}", BEFORE, times(path))


@case
def through_links():
    path = make("regular")
    os.symlink(path, "link")
    before = times("link")
    ok(utimensat, "link", *BEFORE)
    same("times of the target", BEFORE, times(path))
    same("mtime of the link", before[1], times("link")[1])


@case
def through_a_descriptor():
    path = make("regular")
    with opened(path) as descriptor:
        ok(futimens, descriptor, *BEFORE)
        same("times", BEFORE, times(path))
        fails(errno.EINVAL, futimens, descriptor, (1, NSEC), (1, 0))


@case
def wrong_times():
    path = make("regular")
    before = lstat(path)
    for nsec in (NSEC, -1, 2 * NSEC):
        fails(errno.EINVAL, utimensat, path, (1, nsec), (1, 0))
        fails(errno.EINVAL, utimensat, path, (1, 0), (1, nsec))
    fails(errno.EINVAL, utimensat, path, 1, 1, 0x4000)
    same("the file", before, lstat(path))
