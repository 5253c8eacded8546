"""A mount's connections are killed with RST, one after the other and all at once, under load: nothing is lost."""
from common import check
from steer import CUTTER, FULL, ask, cloning, clients, locking, writing

NCONNECT = 16 if FULL else 4
ROUNDS = 200 if FULL else 20
TIMES = 8 if FULL else 2

with clients(2) as (client, other):
    folder, seen_at = client.mount(f"nconnect={NCONNECT}", CUTTER), other.mount()
    cuts = 0
    with (
        locking(folder, seen_at),
        cloning(f"{folder}/clone"),
        writing(f"{folder}/written", f"{seen_at}/written", 8) as load,
    ):
        load.more(ROUNDS)
        check(len(ask("cuttable")) == NCONNECT, f"the mount has {len(ask('cuttable'))} connections")
        for _ in range(TIMES):
            for port in ask("cuttable"):
                cuts += ask("cut", port=port)
                load.more(ROUNDS)
        for _ in range(TIMES):
            cuts += sum(ask("cut", port=port) for port in ask("cuttable"))
            load.more(ROUNDS)
    check(cuts >= NCONNECT * TIMES, f"only {cuts} connections were there to be killed")
print(f"{cuts} connections killed; {load.rounds} files; {load.slowest}")
