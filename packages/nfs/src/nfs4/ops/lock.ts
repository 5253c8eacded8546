import { after } from '../after.ts';
import type { Compound } from '../compound.ts';
import { Op, ShareAccess, Status } from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import { clientOf, findState, requireSameFile, resolveStateid } from '../io-access.ts';
import type { Operation, OpResult } from '../operation.ts';
import { isBlocking, isExclusive, type LockState } from '../state/locks.ts';
import type { OpenState } from '../state/opens.ts';
import { StateKind } from '../state/stateids.ts';
import { readStateid, type Stateid, writeStateid } from '../stateid.ts';
import { type Range, readLockType, requireLockable, toRange, writeDenied } from './lock-range.ts';

interface Arguments {
  readonly type: number;
  readonly reclaim: boolean;
  readonly range: Range;
  readonly id: Stateid;
  /** The lock-owner, where the stateid is that of its open. */
  readonly owner: Buffer | undefined;
}

/** Who locks: by a stateid that it has, or by an owner that locks this file for the first time. */
interface Locker {
  readonly open: OpenState;
  readonly owner: Buffer;
  readonly key: string;
  readonly state: LockState | undefined;
}

/** RFC 8881 §18.10. */
export const lock: Operation = {
  op: Op.LOCK,
  minor: 1,
  needsFh: true,
  modifies: true,
  changesFiles: false,
  replyRoom: 64,
  run(c) {
    const args = readArguments(c);
    return after(requireLockable(c), () => {
      const locker = findLocker(c, args);
      requireLockMode(locker.open, args.type);
      requireGraceRules(c, args.reclaim);
      return take(c, args, locker);
    });
  },
};

function readArguments(c: Compound): Arguments {
  const { args } = c;
  const type = readLockType(args);
  const reclaim = args.bool();
  const offset = args.bigU64();
  const length = args.bigU64();
  if (args.bool()) {
    args.u32(); // open_seqid, unused since 4.1
    const id = readStateid(args);
    args.u32(); // lock_seqid
    args.u64(); // the session tells the client
    const owner = args.opaque(c.engine.limits.maxOpaque);
    return { type, reclaim, range: toRange(offset, length), id: resolveStateid(c, id), owner };
  }
  const id = readStateid(args);
  args.u32();
  return { type, reclaim, range: toRange(offset, length), id: resolveStateid(c, id), owner: undefined };
}

function findLocker(c: Compound, args: Arguments): Locker {
  const entry = findState(c, args.id);
  requireSameFile(c, entry.file);
  if (args.owner !== undefined) {
    if (entry.kind !== StateKind.OPEN) throw new NfsError(Status.BAD_STATEID);
    const key = args.owner.toString('latin1');
    const known = entry.client.lockOwners.get(key)?.states.get(entry.file);
    return { open: entry, owner: args.owner, key, state: known };
  }
  if (entry.kind !== StateKind.LOCK) throw new NfsError(Status.BAD_STATEID);
  const { open, owner } = entry;
  return { open, owner: owner.bytes, key: owner.key, state: entry };
}

function requireLockMode(open: OpenState, type: number): void {
  const needed = isExclusive(type) ? ShareAccess.WRITE : ShareAccess.READ;
  if ((open.access & needed) === 0) throw new NfsError(Status.OPENMODE);
}

function requireGraceRules(c: Compound, reclaim: boolean): void {
  const { grace } = c.engine.state;
  const client = clientOf(c);
  if (reclaim) {
    if (!grace.mayReclaim(client)) throw new NfsError(Status.NO_GRACE);
    grace.extend();
  } else if (grace.active || !client.reclaimComplete) {
    throw new NfsError(Status.GRACE);
  }
}

function take(c: Compound, args: Arguments, locker: Locker): OpResult {
  const { state } = c.engine;
  const client = clientOf(c);
  const { file } = locker.open;
  const exclusive = isExclusive(args.type);
  const { start, end } = args.range;
  for (;;) {
    const conflict = state.locks.conflict(file, client, locker.key, exclusive, start, end);
    if (conflict === undefined) break;
    if (state.yields(conflict.state.client)) continue;
    if (args.reclaim) return Status.RECLAIM_CONFLICT;
    if (isBlocking(args.type)) {
      state.locks.wait({ open: locker.open, owner: locker.owner, exclusive, start, end });
    }
    writeDenied(c.out, conflict);
    c.keepBody = true;
    return Status.DENIED;
  }
  const taken = locker.state ?? state.locks.obtain(client, locker.owner, locker.open);
  state.locks.lock(taken, exclusive, start, end);
  const id = state.stateids.idOf(taken);
  c.stateid = id;
  writeStateid(c.out, id);
  return Status.OK;
}
