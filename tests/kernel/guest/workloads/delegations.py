"""A client reads under a delegation; another opens the file for writing: it is recalled, returned, and nobody reads old data."""
import os

from common import Slowest, check, read_file, write_file
from steer import FULL, clients, metrics, rest, total, wait_until

TURNS = 20 if FULL else 5


def held_by(client):
    ids = {s["client_id"] for one in client.connections() for s in one["sessions"]}
    check(len(ids) == 1, f"{client.address} is {len(ids)} clients")
    return rest("GET", f"/clients/{ids.pop()}")["delegations"]


def counted():
    """What the metrics say of delegations and recalls."""
    samples = metrics()
    events = {e: total(samples, "dfs_nfs_delegations_total", event=e) for e in ("granted", "recalled", "returned", "revoked")}
    return {
        **events,
        "held": total(samples, "dfs_nfs_delegations_held"),
        "answered": total(samples, "dfs_nfs_callbacks_total", operation="RECALL", result="NFS4_OK"),
        "asked": total(samples, "dfs_nfs_callbacks_total", operation="RECALL"),
        "opens": total(samples, "dfs_nfs_operations_total", operation="OPEN"),
    }


def more_than(before):
    return {name: value - before[name] for name, value in counted().items()}


def turn(number, at_reader, at_writer):
    # A file that was shared a moment ago gets no delegation: each turn has its own.
    name = f"shared-{number}"
    first, second = b"first" * 1000, b"second, and longer" * 1000
    write_file(f"{at_writer}/{name}", first)
    before = counted()
    with open(f"{at_reader}/{name}", "rb", buffering=0) as file:
        check(file.read() == first, "the reader does not see what was written before")
        now = more_than(before)
        check(now["granted"] == 1 and now["held"] == 1, f"no delegation was granted for reading: {now}")
        check(held_by(reader) == 1, f"REST shows {held_by(reader)} delegations at the reader")
        check(held_by(writer) == 0, f"REST shows {held_by(writer)} delegations at the writer")
        # What it is good for: the reader opens again without asking the server.
        asked = counted()["opens"]
        for _ in range(10):
            check(read_file(f"{at_reader}/{name}") == first, "another open reads something else")
        check(counted()["opens"] == asked, "the reader asks the server for each open though it holds a delegation")
        check(more_than(before)["recalled"] == 0, "recalled though nobody else wants the file")
        # The reader keeps the file open: its state has to move from the delegation to an open of the server's.
        with slowest.watch("open for writing"):
            other = open(f"{at_writer}/{name}", "r+b", buffering=0)
        with other, slowest.watch("write"):
            other.write(second)
            os.fsync(other.fileno())
        # The answer to the recall is counted when it is here, which may be after what it led to.
        wait_until("the recall was answered", lambda: more_than(before)["answered"] == 1)
        now = more_than(before)
        right = {"granted": 1, "recalled": 1, "returned": 1, "revoked": 0, "held": 0, "asked": 1}
        check(now | right == now, f"after the other client's open: {now}")
        check(held_by(reader) == 0, f"REST shows {held_by(reader)} delegations at the reader, though they were returned")
        with slowest.watch("read again"):
            check(read_file(f"{at_reader}/{name}") == second, "the reader sees old data after the recall")
        check(os.pread(file.fileno(), len(second) + 1, 0) == second, "what was open all the time reads old data")


slowest = Slowest()
with clients(2) as (reader, writer):
    folders = reader.mount("nconnect=4"), writer.mount("nconnect=4")
    for number in range(TURNS):
        turn(number, *folders)
print(f"{TURNS} granted, recalled, answered and returned; {slowest}")
