"""python3 main.py FOLDER [--nfs] [--only PREFIX,...]: checks POSIX file system semantics in FOLDER, as root.

Prints "FAIL case: call: expected, came" for what does not hold, "differs ..." for what --nfs expects otherwise, and at the end
"posix ASSERTIONS assertions CASES cases FAILED failed". Status 0, or 1 where something failed."""
import argparse
import importlib
import os
import sys

import harness

MODULES = (
    "paths", "permissions", "kinds", "chmod_", "chown_", "link_", "mkdir_", "mknod_", "open_", "rename_", "rmdir_", "symlink_",
    "sticky", "setid", "truncate_", "unlink_", "utimensat_", "timestamps", "directories", "mounts",
)

SLOWEST = 6


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--nfs", action="store_true", help="FOLDER is on a client of NFS")
    parser.add_argument("--only", default="", help="cases whose names begin with one of these, with commas between")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("needs root: it works as several users")
    harness.ON_NFS = options.nfs
    for module in MODULES:
        importlib.import_module(module)
    os.umask(0)
    os.setgroups([])
    root = os.path.join(os.path.abspath(options.folder), f"posix-{os.getpid()}")
    os.mkdir(root, 0o755)
    only = [prefix for prefix in options.only.split(",") if prefix]
    harness.run(root, only, print)
    os.chdir("/")
    os.rmdir(root)
    tally = harness.Tally
    for why, seen in tally.differences.items():
        print(f"differs {len(seen)} {why}; such as {seen[0]}")
    slowest = sorted(tally.seconds.items(), key=lambda item: -item[1])[:SLOWEST]
    print("slowest " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in slowest))
    ran = sum(1 for name, _ in harness.cases if not only or any(name.startswith(prefix) for prefix in only))
    print(f"posix {tally.assertions} assertions {ran} cases {len(tally.failures)} failed")
    sys.exit(1 if tally.failures else 0)


main()
