"""A mount with nconnect=16 works at every limit of connections, and while the limit changes, without an error or a stall."""
from common import check
from steer import FULL, clients, dfsctl, limit_to, metrics, rest, total, wait_until, writing

NCONNECT = 16
LIMITS = (16, 8, 4, 1)
CHANGES = (16, 4, 1, 8, 0, 16)
ROUNDS = 2_000 if FULL else 200


def bound(client):
    return client.session()["connection_summary"]["total"]


def at_limit(limit):
    with clients(2) as (client, other):
        folder, seen_at = client.mount(f"nconnect={NCONNECT}"), other.mount()
        before = metrics()
        with writing(f"{folder}/{limit}", f"{seen_at}/{limit}") as load:
            load.more(ROUNDS)
            check(bound(client) == limit, f"{bound(client)} connections bound at limit {limit}")
            check(len(client.sockets()) == NCONNECT, f"{len(client.sockets())} connections open")
            # Cut off from all of them, it comes back with an explicit bind for each.
            session = client.session()
            rest("POST", f"/clients/{session['client_id']}/drain", {"timeout_seconds": 10})
            load.more(ROUNDS)
            wait_until("as many bound as may be", lambda: bound(client) == limit)
        beyond = total(metrics(), "dfs_nfs_connections_over_limit_total") - total(
            before, "dfs_nfs_connections_over_limit_total"
        )
        check((beyond > 0) == (limit < NCONNECT), f"{beyond:.0f} attempts counted beyond the limit of {limit}")
        return load


def while_it_changes():
    with clients(2) as (client, other):
        folder, seen_at = client.mount(f"nconnect={NCONNECT}"), other.mount()
        with writing(f"{folder}/changes", f"{seen_at}/changes") as load:
            load.more(ROUNDS)
            for number, limit in enumerate(CHANGES):
                if number % 2 == 0:
                    limit_to(limit)
                else:
                    flag = "--v4-max-connections-per-session"
                    dfsctl("adapter", "settings", "nfs", "update", flag, str(limit))
                allowed = NCONNECT if limit == 0 else limit
                check(bound(client) <= allowed, f"{bound(client)} connections bound at limit {limit}")
                load.more(ROUNDS)
                wait_until(f"{allowed} bound at limit {limit}", lambda: bound(client) == allowed)
        return load


loads = []
for limit in LIMITS:
    limit_to(limit)
    loads.append(at_limit(limit))
limit_to(NCONNECT)
loads.append(while_it_changes())
slowest = max(loads, key=lambda load: load.slowest.seconds).slowest
print(f"{sum(load.rounds for load in loads)} files at limits {LIMITS} and changing; {slowest}")
