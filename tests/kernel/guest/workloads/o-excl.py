"""Of two that make the same file with O_EXCL at the same time, through two mounts, exactly one succeeds."""
import errno
import os

from common import A, PAIRS, Beside, check, expect, read_file

ROUNDS = 100


def race(folder, who):
    """Tries to make every file; answers the rounds it won, each file holding the winner's name."""
    won = []
    for i in range(ROUNDS):
        try:
            fd = os.open(f"{folder}/lock-{i:03d}", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            continue
        os.write(fd, who.encode())
        os.close(fd)
        won.append(i)
    return won


def beside(pipe, folder, who):
    pipe.recv()
    pipe.send(race(folder, who))


notes = []
for number, (one, two) in enumerate(PAIRS):
    os.mkdir(f"{A}/pair-{number}")
    other = Beside(beside, f"{two}/pair-{number}", "two")
    other.pipe.send("go")
    mine = race(f"{one}/pair-{number}", "one")
    theirs = other.hear()
    other.join()
    check(not set(mine) & set(theirs), f"both made {sorted(set(mine) & set(theirs))}")
    check(sorted(mine + theirs) == list(range(ROUNDS)), "nobody made one of the files")
    for i in range(ROUNDS):
        winner = b"one" if i in mine else b"two"
        check(read_file(f"{one}/pair-{number}/lock-{i:03d}") == winner, "a file does not hold its maker's name")
    notes.append(f"{len(mine)}:{len(theirs)}")
    name = f"{two}/pair-{number}/lock-000"
    check(os.stat(name).st_mode & 0o7777 == 0o600, "an exclusively made file has another mode than asked for")
    expect(errno.EEXIST, os.open, name, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
print(f"{ROUNDS} races each, won {' and '.join(notes)}")
