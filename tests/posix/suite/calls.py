"""System calls that Python has not, or has not as they are."""
import ctypes
import os
import stat
from collections import namedtuple

AT_FDCWD = -100
AT_SYMLINK_NOFOLLOW = 0x100
AT_SYMLINK_FOLLOW = 0x400
AT_EMPTY_PATH = 0x1000
AT_STATX_FORCE_SYNC = 0x2000
STATX_ALL = 0xFFF
STATX_SIZE = 256
UTIME_NOW = (1 << 30) - 1
UTIME_OMIT = (1 << 30) - 2
RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2
NSEC = 1_000_000_000

libc = ctypes.CDLL(None, use_errno=True)


class Timespec(ctypes.Structure):
    _fields_ = [("sec", ctypes.c_long), ("nsec", ctypes.c_long)]


class StatxTime(ctypes.Structure):
    _fields_ = [("sec", ctypes.c_int64), ("nsec", ctypes.c_uint32), ("pad", ctypes.c_int32)]


class Statx(ctypes.Structure):
    _fields_ = [
        ("mask", ctypes.c_uint32), ("blksize", ctypes.c_uint32), ("attributes", ctypes.c_uint64), ("nlink", ctypes.c_uint32),
        ("uid", ctypes.c_uint32), ("gid", ctypes.c_uint32), ("mode", ctypes.c_uint16), ("pad", ctypes.c_uint16),
        ("ino", ctypes.c_uint64), ("size", ctypes.c_uint64), ("blocks", ctypes.c_uint64), ("known", ctypes.c_uint64),
        ("atime", StatxTime), ("btime", StatxTime), ("ctime", StatxTime), ("mtime", StatxTime),
        ("rdev_major", ctypes.c_uint32), ("rdev_minor", ctypes.c_uint32), ("dev_major", ctypes.c_uint32),
        ("dev_minor", ctypes.c_uint32), ("rest", ctypes.c_char * (STATX_SIZE - 0x90)),
    ]


Stat = namedtuple("Stat", "type mode nlink uid gid size ino atime mtime ctime rdev")


def checked(result, path=None):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), path)
    return result


def _statx(descriptor, path, flags):
    found = Statx()
    checked(libc.statx(descriptor, os.fsencode(path), flags | AT_STATX_FORCE_SYNC, STATX_ALL, ctypes.byref(found)), path)
    return Stat(
        stat.S_IFMT(found.mode), stat.S_IMODE(found.mode), found.nlink, found.uid, found.gid, found.size, found.ino,
        found.atime.sec * NSEC + found.atime.nsec, found.mtime.sec * NSEC + found.mtime.nsec,
        found.ctime.sec * NSEC + found.ctime.nsec, os.makedev(found.rdev_major, found.rdev_minor),
    )


def stat_(path):
    """What the server says now, whatever the client has cached; times in nanoseconds."""
    return _statx(AT_FDCWD, path, 0)


def lstat(path):
    return _statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW)


def fstat(descriptor):
    return _statx(descriptor, "", AT_EMPTY_PATH)


def utimensat(path, atime, mtime, flags=0):
    """Times are nanoseconds since 1970, "now", or "omit"; None for both is a null pointer."""
    if atime is None and mtime is None:
        return checked(libc.utimensat(AT_FDCWD, os.fsencode(path), None, flags), path)
    times = (Timespec * 2)(_timespec(atime), _timespec(mtime))
    return checked(libc.utimensat(AT_FDCWD, os.fsencode(path), times, flags), path)


def futimens(descriptor, atime, mtime):
    times = (Timespec * 2)(_timespec(atime), _timespec(mtime))
    return checked(libc.futimens(descriptor, times))


def _timespec(value):
    if value == "now":
        return Timespec(0, UTIME_NOW)
    if value == "omit":
        return Timespec(0, UTIME_OMIT)
    if isinstance(value, tuple):  # as it is, valid or not
        return Timespec(*value)
    return Timespec(value // NSEC, value % NSEC)


def linkat(source, target, flags=0):
    return checked(libc.linkat(AT_FDCWD, os.fsencode(source), AT_FDCWD, os.fsencode(target), flags), target)


def renameat2(source, target, flags):
    return checked(libc.renameat2(AT_FDCWD, os.fsencode(source), AT_FDCWD, os.fsencode(target), flags), target)


def truncate(path, size):
    return checked(libc.truncate(os.fsencode(path), ctypes.c_long(size)), path)


def ftruncate(descriptor, size):
    return checked(libc.ftruncate(descriptor, ctypes.c_long(size)))


def rename(source, target):
    return checked(libc.rename(os.fsencode(source), os.fsencode(target)), target)


def rmdir(path):
    return checked(libc.rmdir(os.fsencode(path)), path)


def access(path, mode):
    """By effective ids, raising."""
    at_eaccess = 0x200
    return checked(libc.faccessat(AT_FDCWD, os.fsencode(path), mode, at_eaccess), path)


def bytes_of(path):
    with open(path, "rb", buffering=0) as file:
        return file.read()
