"""A mount over two addresses of the server, one session over both, loses one of them under load: twice for a while, then for good."""
import os
import time

from common import check
from steer import FULL, SECOND_SERVER, SERVER, Writers, ask, clients, dfsctl, rest, wait_until

# The second mount's address becomes one more transport of the first mount's client: session trunking.
OPTIONS = "max_connect=16,trunkdiscovery"
WRITERS = 8
ROUNDS = 200 if FULL else 50
AWAY_SECONDS = 3


def addresses(client):
    """The server's addresses that the client's session has a connection to."""
    return sorted(one["local"].rsplit(":", 1)[0] for one in client.session()["connections"])


def both_back(client):
    wait_until("connections to both addresses", lambda: addresses(client) == sorted((SERVER, SECOND_SERVER)))


def drained(client):
    """New connections are refused there meanwhile."""
    done = dfsctl("drain", "address", SECOND_SERVER)
    try:
        check(done == {"connections": 1, "forced": 0}, f"draining the address: {done}")
        time.sleep(AWAY_SECONDS)
        check(addresses(client) == [SERVER], f"connections to {addresses(client)} while one is drained")
    finally:
        rest("DELETE", f"/addresses/{SECOND_SERVER}/drain")


def lost(_client):
    """Packets to it go nowhere, and nobody says so."""
    ask("address", there=False)
    try:
        time.sleep(AWAY_SECONDS)
    finally:
        ask("address", there=True)


class Turns(Writers):
    """Knows how often each of its threads has been round: one that waits for a dead address shows."""

    def __init__(self, *arguments):
        self.turns = {}
        super().__init__(*arguments)

    def _round(self, name, data):
        super()._round(name, data)
        number = name.split("-")[0]
        self.turns[number] = self.turns.get(number, 0) + 1

    def all_go_on(self):
        before = dict(self.turns)
        moved = lambda: all(turns > before.get(number, 0) for number, turns in dict(self.turns).items())
        wait_until("every writer goes on", lambda: self.failure is not None or (len(self.turns) == WRITERS and moved()))
        self.check()


def taken_away(client, load, take):
    """Seconds of the longest call, from the loss until every writer has gone on."""
    load.slowest.seconds, began = 0.0, time.time()
    take(client)
    load.all_go_on()
    both_back(client)
    load.more(ROUNDS)
    with open(os.environ["WAITS"], "a") as file:
        # Linux leaves a request with its transport, so those that wait for the address wait until it is back.
        file.write(f"excused {began:.4f} {time.time():.4f}\n")
    return load.slowest.seconds


def moved(client, load):
    """The address goes for good, after its clients have been told: nobody waits for it, so nothing of this is excused."""
    load.slowest.seconds = 0.0
    done = dfsctl("drain", "address", SECOND_SERVER, "--move")
    try:
        check(done == {"connections": 1, "forced": 0}, f"moving away from the address: {done}")
        ask("address", there=False)
        try:
            load.all_go_on()
            load.more(4 * ROUNDS)
            load.all_go_on()
            check(addresses(client) == [SERVER], f"connections to {addresses(client)} with one address gone")
            return load.slowest.seconds
        finally:
            # Whatever runs next finds the server as it was, and can start it again: it listens on all of its addresses.
            ask("address", there=True)
    finally:
        rest("DELETE", f"/addresses/{SECOND_SERVER}/drain")


with clients(2) as (client, other):
    folder, seen_at = client.mount(OPTIONS), other.mount()
    client.mount(OPTIONS, SECOND_SERVER)
    both_back(client)
    check(len(client.sockets()) == 2, f"{len(client.sockets())} connections as the guest sees it")
    load = Turns(f"{folder}/written", WRITERS)
    try:
        load.more(ROUNDS)
        seconds = [taken_away(client, load, take) for take in (drained, lost)] + [moved(client, load)]
    finally:
        load._over.set()
    load.finish(f"{seen_at}/written")
print(
    f"longest call: away for {AWAY_SECONDS} s, {seconds[0]:.1f} s drained, {seconds[1]:.1f} s lost; for good, {seconds[2]:.2f} s; {load.rounds} files"
)
