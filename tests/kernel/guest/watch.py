"""In the guest, beside the workloads: measures how long somebody who only wants to look would have to wait.

watch.py probe FILE   asks the server for FILE's attributes every 100 ms and prints "probe T0 T1" where it took long
watch.py ticks        only sleeps, and prints "late T0 T1" where it woke late: the guest had no CPU in that time

Times are seconds since 1970, which the guest shares with its host. TERM ends it after the call it is in.
"""
import ctypes
import signal
import sys
import time

AT_FDCWD = -100
AT_STATX_FORCE_SYNC = 0x2000
STATX_BASIC_STATS = 0x7FF
STATX_SIZE = 256
PROBE_EVERY = 0.1
TICK_EVERY = 0.02
WORTH_TELLING = 0.05

over = False


def finish(_signal, _frame):
    global over
    over = True


def tell(word, began, ended):
    if ended - began > WORTH_TELLING:
        print(f"{word} {began:.4f} {ended:.4f}", flush=True)


def ticks():
    while not over:
        due = time.time() + TICK_EVERY
        time.sleep(TICK_EVERY)
        tell("late", due, time.time())


def probe(path):
    libc = ctypes.CDLL(None, use_errno=True)
    answer = ctypes.create_string_buffer(STATX_SIZE)
    count, slowest = 0, 0.0
    while not over:
        began = time.time()
        # FORCE_SYNC: the client must ask, whatever it has cached.
        failed = libc.statx(AT_FDCWD, path.encode(), AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, answer)
        ended = time.time()
        if failed:
            print(f"FAIL probe statx: errno {ctypes.get_errno()}", flush=True)
            return
        tell("probe", began, ended)
        count, slowest = count + 1, max(slowest, ended - began)
        time.sleep(PROBE_EVERY)
    print(f"probes {count} {slowest:.4f}", flush=True)


signal.signal(signal.SIGTERM, finish)
if sys.argv[1] == "probe":
    probe(sys.argv[2])
else:
    ticks()
