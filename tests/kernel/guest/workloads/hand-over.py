"""Another process of the server goes on with its data, under load: after a stop, and in its place. Nothing is lost, nothing fails."""
import os
import time

from steer import FULL, ask, clients, locking, wait_until, writing

CONNECTIONS = 4
ROUNDS = 200 if FULL else 50


def handed_over(client, load, how):
    """Seconds of the longest call meanwhile, and new connections."""
    before = set(client.sockets())
    load.slowest.seconds, began = 0.0, time.time()
    ask(how)
    load.more(4 * ROUNDS)
    with open(os.environ["WAITS"], "a") as file:
        # As long as a process takes to stop or start on this machine, and Linux to try again.
        file.write(f"excused {began:.4f} {time.time():.4f}\n")
    wait_until("all connections", lambda: len(client.sockets()) == CONNECTIONS)
    return load.slowest.seconds, len(set(client.sockets()) - before)


with clients(2) as (client, other):
    folder, seen_at = client.mount(f"nconnect={CONNECTIONS}"), other.mount()
    with writing(f"{folder}/written", f"{seen_at}/written", 8) as load, locking(folder, seen_at):
        load.more(ROUNDS)
        told = []
        for how in ("restart", "replace"):
            seconds, fresh = handed_over(client, load, how)
            told.append(f"{how}: longest call {seconds:.2f} s, {fresh} new connections")
print("; ".join(told))
