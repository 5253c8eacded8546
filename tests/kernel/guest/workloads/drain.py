"""The operator drains and cuts a mount's connections one after the other, under load, and the load does not notice."""
from common import check
from steer import FULL, cloning, clients, dfsctl, locking, metrics, rest, total, wait_until, writing

NCONNECT = 16 if FULL else 8
BY_DFSCTL = 2
ROUNDS = 200 if FULL else 20


def drain(number, identity):
    """Lets what is in flight be answered, by dfsctl first, and then by REST."""
    if number < BY_DFSCTL:
        done = dfsctl("drain", "connection", str(identity))
    else:
        done = rest("POST", f"/connections/{identity}/drain", {"timeout_seconds": 30})
    check(done == {"connections": 1, "forced": 0}, f"draining {identity}: {done}")


def cut(_number, identity):
    """Ends it at once, whatever is under way: replies are lost."""
    rest("POST", f"/connections/{identity}/drain", {"timeout_seconds": 0})


def one_after_the_other(client, load, end):
    """Ends each connection that the client has now. It opens others for them."""
    ids = [one["connection_id"] for one in client.connections()]
    for number, identity in enumerate(ids):
        end(number, identity)
        load.more(ROUNDS)
        left = {one["connection_id"] for one in client.connections()}
        check(identity not in left, f"connection {identity} is still there")
    wait_until("all connections back", lambda: len(client.connections()) == NCONNECT)
    return len(ids)


before = metrics()
with clients(2) as (client, other):
    folder, seen_at = client.mount(f"nconnect={NCONNECT}"), other.mount()
    with (
        locking(folder, seen_at),
        cloning(f"{folder}/clone"),
        writing(f"{folder}/written", f"{seen_at}/written", 8) as load,
    ):
        load.more(ROUNDS)
        ended = sum(one_after_the_other(client, load, end) for end in (drain, cut))
        # All at once, by what carries them.
        session = client.session()
        done = dfsctl("drain", "session", session["session_id"])
        check(done["connections"] == NCONNECT, f"draining the session: {done}")
        load.more(ROUNDS)
after = metrics()
drained = total(after, "dfs_nfs_connections_drained_total") - total(before, "dfs_nfs_connections_drained_total")
check(drained == ended + NCONNECT, f"{drained:.0f} drained connections counted, not {ended + NCONNECT}")
print(f"{drained:.0f} connections drained or cut; {load.rounds} files; {load.slowest}")
