"""Metrics, REST and dfsctl agree with ss, here and on the host, about the number of connections, for 1, 4 and 16."""
import os

from common import check
from steer import ask, clients, dfsctl, metrics, rest, total, wait_until

COUNTS = (1, 4, 16)


def touch_all(folder, client, count):
    """nconnect opens its connections as they are needed: works until all are there, and bound."""
    for turn in range(count * 4):
        os.stat(f"{folder}/..")
        with open(f"{folder}/file-{turn}", "wb") as file:
            file.write(b"x")
    wait_until(f"{count} connections bound", lambda: client.session()["connection_summary"]["total"] == count)


def counted_on(client):
    """This client's connections, by everybody who counts them."""
    session = client.session()
    sid = session["session_id"]
    on_host = [pair for pair in ask("sockets") if pair["remote"].rsplit(":", 1)[0] == client.address]
    scraped = metrics()
    listed = dfsctl("client", "connections", "list", session["client_id"])["connections"]
    (shown,) = [
        one
        for one in dfsctl("client", "sessions", "list", session["client_id"])["sessions"]
        if one["session_id"] == sid
    ]
    (seen,) = [one for one in rest("GET", "/clients")["clients"] if one["client_id"] == session["client_id"]]
    # The same connections, not only as many.
    remotes = {pair["remote"] for pair in on_host}
    check({one["remote"] for one in session["connections"]} == remotes, "REST names other connections than ss")
    check({one["remote"] for one in listed} == remotes, "dfsctl names other connections than ss")
    return {
        "ss in the guest": len(client.sockets()),
        "ss on the host": len(on_host),
        "REST, session": len(session["connections"]),
        "REST, summary": session["connection_summary"]["total"],
        "REST, connections": len(client.connections()),
        "REST, client": seen["connections"],
        "metrics, bound": total(scraped, "dfs_nfs_connections_bound", session_id=sid),
        "dfsctl connections": len(listed),
        "dfsctl sessions": shown["connection_summary"]["total"],
    }


def counted_for_all():
    return (
        len(ask("sockets")),
        total(metrics(), "dfs_nfs_connections_active"),
        len(rest("GET", "/connections")["connections"]),
        rest("GET", "/status")["nfs"]["connections"],
        len(dfsctl("client", "connections", "list")["connections"]),
    )


for count in COUNTS:
    with clients() as client:
        folder = client.mount(f"nconnect={count}")
        touch_all(folder, client, count)
        counted = counted_on(client)
        check(set(counted.values()) == {count}, f"not all {count}: {counted}")
        # What the last client closed may be on its way out yet.
        wait_until("all count the same for the whole server", lambda: len(set(counted_for_all())) == 1)
print(f"nine countings agree for nconnect {', '.join(map(str, COUNTS))}, five for the whole server")
