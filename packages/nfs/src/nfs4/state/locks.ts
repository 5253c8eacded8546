import { LockType } from '../constants/index.ts';
import type { Client } from './clients.ts';
import type { FileState } from './files.ts';
import type { OpenState } from './opens.ts';
import { StateKind } from './stateids.ts';

/** A lock-owner: whoever locks on the client's side (lock_owner4). */
export class LockOwner {
  readonly client: Client;
  readonly key: string;
  readonly bytes: Buffer;
  /** One lock stateid for each file. */
  readonly states = new Map<FileState, LockState>();

  constructor(client: Client, bytes: Buffer) {
    this.client = client;
    this.bytes = Buffer.from(bytes);
    this.key = this.bytes.toString('latin1');
  }
}

/** The locks of one lock-owner on one file, under one stateid (RFC 8881 §8.2.1). */
export class LockState {
  readonly kind = StateKind.LOCK;
  readonly number: number;
  seqid = 0;
  readonly client: Client;
  readonly owner: LockOwner;
  readonly file: FileState;
  readonly open: OpenState;

  constructor(number: number, owner: LockOwner, open: OpenState) {
    this.number = number;
    this.client = owner.client;
    this.owner = owner;
    this.file = open.file;
    this.open = open;
  }
}

/** A byte range that is locked: `start` to `end`, the end exclusive (2^64 stands for "to the end, however far"). */
export interface LockRange {
  readonly state: LockState;
  readonly exclusive: boolean;
  readonly start: bigint;
  readonly end: bigint;
}

/** Somebody who was refused a lock with a blocking type, and is told when it may be had (CB_NOTIFY_LOCK). */
export interface LockWaiter {
  readonly client: Client;
  readonly owner: Buffer;
  readonly exclusive: boolean;
  readonly start: bigint;
  readonly end: bigint;
}

export const RANGE_END = 1n << 64n;

export const isExclusive = (type: number): boolean => type === LockType.WRITE || type === LockType.WRITEW;
export const isBlocking = (type: number): boolean => type === LockType.READW || type === LockType.WRITEW;

/** The first range that stops somebody from locking; undefined where nothing does. */
export function findConflict(
  ranges: readonly LockRange[],
  mine: (range: LockRange) => boolean,
  exclusive: boolean,
  start: bigint,
  end: bigint,
): LockRange | undefined {
  return ranges.find((r) => (exclusive || r.exclusive) && r.start < end && r.end > start && !mine(r));
}

/** Takes `start` to `end` out of an owner's ranges; what is left of them stays. Returns by how many ranges it grew. */
export function cutRange(ranges: LockRange[], state: LockState, start: bigint, end: bigint): number {
  const before = ranges.length;
  for (let i = ranges.length - 1; i >= 0; i--) {
    const range = ranges[i]!;
    if (range.state !== state || range.start >= end || range.end <= start) continue;
    const left: LockRange[] = [];
    if (range.start < start) left.push({ ...range, end: start });
    if (range.end > end) left.push({ ...range, start: end });
    ranges.splice(i, 1, ...left);
  }
  return ranges.length - before;
}

/** Locks `start` to `end` for an owner, replacing what it had there, and joins it with neighbours of the same kind. */
export function addRange(
  ranges: LockRange[],
  state: LockState,
  exclusive: boolean,
  start: bigint,
  end: bigint,
): number {
  const before = ranges.length;
  cutRange(ranges, state, start, end);
  let from = start;
  let to = end;
  for (let i = ranges.length - 1; i >= 0; i--) {
    const range = ranges[i]!;
    if (range.state !== state || range.exclusive !== exclusive) continue;
    if (range.end === from) from = range.start;
    else if (range.start === to) to = range.end;
    else continue;
    ranges.splice(i, 1);
  }
  ranges.push({ state, exclusive, start: from, end: to });
  return ranges.length - before;
}
