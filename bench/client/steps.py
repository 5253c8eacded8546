"""What a real client does on a share, a step at a time. Prints "step NAME COUNT SECONDS": files, or MiB of the large one."""
import os
import shutil
import subprocess
import sys
import time

FILES = int(os.environ["FILES"])
LARGE_MIB = int(os.environ["LARGE_MIB"])
SOURCE = os.environ["SOURCE"]
MIB = 2**20
SMALL = b"x" * 4096


def drop_caches():
    """What is read next comes from the server."""
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as control:
        control.write("3")


class Timed:
    def __init__(self, name, count):
        self.name, self.count = name, count

    def __enter__(self):
        self.began = time.monotonic()

    def __exit__(self, failed, *_):
        if failed is None:
            print(f"step {self.name} {self.count} {time.monotonic() - self.began:.6f}", flush=True)


def create(path):
    with open(path, "xb") as file:
        file.write(SMALL)


def tree(folder):
    """A source tree is unpacked, and git looks at all of it."""
    files = sum(len(names) for _, _, names in os.walk(os.path.join(SOURCE, "source")))
    with Timed("untar", files):
        subprocess.run(["tar", "-xf", os.path.join(SOURCE, "source.tar"), "-C", folder], check=True)
        os.sync()
    status = ["git", "-c", "safe.directory=*", "-C", os.path.join(folder, "source"), "status", "--porcelain"]
    # The first look writes down the inode numbers of this file system.
    assert subprocess.run(status, check=True, capture_output=True).stdout == b""
    drop_caches()
    with Timed("git-status", files):
        subprocess.run(status, check=True, capture_output=True)


def files(folder):
    names = [f"file-{i:05}" for i in range(FILES)]
    os.mkdir(os.path.join(folder, "files"))
    os.chdir(os.path.join(folder, "files"))
    with Timed("create", FILES):
        for name in names:
            create(name)
    drop_caches()
    with Timed("stat", FILES):
        for name in names:
            os.stat(name)
    with Timed("rename", FILES):
        for name in names:
            os.rename(name, f"new-{name}")
    with Timed("unlink", FILES):
        for name in names:
            os.unlink(f"new-{name}")
    os.chdir("/")


def large(folder):
    path = os.path.join(folder, "large")
    block = bytes(range(256)) * (MIB // 256)
    with Timed("write", LARGE_MIB):
        with open(path, "xb", buffering=0) as file:
            for _ in range(LARGE_MIB):
                file.write(block)
            os.fsync(file.fileno())
    drop_caches()
    buffer = bytearray(MIB)
    with Timed("read", LARGE_MIB):
        with open(path, "rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
    assert buffer == block


def main():
    phase, share = sys.argv[1:]
    folder = os.path.join(share, "bench")
    os.mkdir(folder)
    for step in {"small": (tree, files), "large": (large,)}[phase]:
        step(folder)
    shutil.rmtree(folder)


main()
