import { type Hashed, hashOfText } from '../../hash-table.ts';
import { LockType } from '../constants/index.ts';
import type { Client } from './clients.ts';
import type { FileState } from './files.ts';
import type { Lasting } from './marks.ts';
import type { OpenState } from './opens.ts';
import { RangeTree } from './range-tree.ts';
import { type StateEntry, StateKind } from './stateids.ts';

/** A lock-owner: whoever locks on the client's side (lock_owner4). */
export class LockOwner implements Hashed<LockOwner> {
  readonly client: Client;
  readonly key: string;
  readonly bytes: Buffer;
  readonly hash: number;
  next: LockOwner | undefined;
  /** One lock stateid for each file. */
  readonly states = new Map<FileState, LockState>();

  constructor(client: Client, bytes: Buffer) {
    this.client = client;
    this.bytes = Buffer.from(bytes);
    this.key = this.bytes.toString('latin1');
    this.hash = hashOfText(this.key);
  }
}

/** The locks of one lock-owner on one file, under one stateid (RFC 8881 §8.2.1). */
export class LockState implements Lasting, Hashed<StateEntry> {
  readonly kind = StateKind.LOCK;
  readonly number: number;
  seqid = 0;
  readonly client: Client;
  readonly owner: LockOwner;
  readonly file: FileState;
  readonly open: OpenState;
  /** Its ranges, which never overlap. */
  readonly own = new RangeTree<LockRange>();
  freed = false;
  marked = false;
  nextMarked: Lasting | undefined;
  journaled = false;
  next: StateEntry | undefined;

  constructor(number: number, owner: LockOwner, open: OpenState) {
    this.number = number;
    this.client = owner.client;
    this.owner = owner;
    this.file = open.file;
    this.open = open;
  }

  get hash(): number {
    return this.number;
  }
}

/** A byte range that is locked: `start` to `end`, the end exclusive (2^64 stands for "to the end, however far"). */
export interface LockRange {
  readonly state: LockState;
  readonly exclusive: boolean;
  readonly start: bigint;
  readonly end: bigint;
}

/** What somebody waits for: a lock of that kind for a lock-owner, from `start` to `end`, through an open. */
export interface WantedLock {
  readonly open: OpenState;
  readonly owner: Buffer;
  readonly exclusive: boolean;
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * Somebody who was refused a lock with a blocking type, and is told when it may be had (CB_NOTIFY_LOCK). It waits until it has been told, has got a
 * lock, or has closed the file.
 */
export class LockWaiter implements Lasting, WantedLock {
  /** Counts up: the journal's, and nobody else's. */
  readonly number: number;
  readonly client: Client;
  readonly file: FileState;
  readonly open: OpenState;
  readonly owner: Buffer;
  readonly exclusive: boolean;
  readonly start: bigint;
  readonly end: bigint;
  /** Its range was free since it asked last: it is being told, or will be as soon as there is a way to its client. */
  told = false;
  /** How often it has asked again. */
  turn = 0;
  ended = false;
  marked = false;
  nextMarked: Lasting | undefined;
  journaled = false;

  constructor(number: number, { open, owner, exclusive, start, end }: WantedLock) {
    this.number = number;
    this.client = open.client;
    this.file = open.file;
    this.open = open;
    this.owner = Buffer.from(owner);
    this.exclusive = exclusive;
    this.start = start;
    this.end = end;
  }

  wants({ open, exclusive, start, end }: WantedLock): boolean {
    return this.open === open && this.exclusive === exclusive && this.start === start && this.end === end;
  }
}

export const RANGE_END = 1n << 64n;

export const isExclusive = (type: number): boolean => type === LockType.WRITE || type === LockType.WRITEW;
export const isBlocking = (type: number): boolean => type === LockType.READW || type === LockType.WRITEW;

/**
 * All ranges that are locked in one file. Exclusive ones overlap no other owner's, shared ones may: they are kept apart, so that who wants a shared
 * lock need not look at them.
 */
export class LockRanges {
  readonly #exclusive = new RangeTree<LockRange>();
  readonly #shared = new RangeTree<LockRange>();

  get size(): number {
    return this.#exclusive.size + this.#shared.size;
  }

  *[Symbol.iterator](): Generator<LockRange> {
    yield* this.#exclusive;
    yield* this.#shared;
  }

  holds(state: LockState): boolean {
    return state.own.size > 0;
  }

  /** All of an owner's own. */
  of(state: LockState): Iterable<LockRange> {
    return state.own;
  }

  /** The first range that stops somebody from locking; undefined where nothing does. */
  conflict(
    mine: (range: LockRange) => boolean,
    exclusive: boolean,
    start: bigint,
    end: bigint,
  ): LockRange | undefined {
    const others = (range: LockRange) => !mine(range);
    const found = this.#exclusive.find(start, end, others);
    return found !== undefined || !exclusive ? found : this.#shared.find(start, end, others);
  }

  /** One of the owner's ranges that overlaps `start` to `end`. */
  own(state: LockState, start: bigint, end: bigint): LockRange | undefined {
    return state.own.find(start, end, () => true);
  }

  add(range: LockRange): void {
    (range.exclusive ? this.#exclusive : this.#shared).add(range);
    range.state.own.add(range);
  }

  remove(range: LockRange): void {
    (range.exclusive ? this.#exclusive : this.#shared).remove(range);
    range.state.own.remove(range);
  }
}

/** Takes `start` to `end` out of an owner's ranges; what is left of them stays. Returns by how many ranges it grew. */
export function cutRange(ranges: LockRanges, state: LockState, start: bigint, end: bigint): number {
  const before = ranges.size;
  for (let range = ranges.own(state, start, end); range !== undefined; ) {
    ranges.remove(range);
    if (range.start < start) ranges.add({ ...range, end: start });
    if (range.end > end) ranges.add({ ...range, start: end });
    range = ranges.own(state, start, end);
  }
  return ranges.size - before;
}

/** Locks `start` to `end` for an owner, replacing what it had there, and joins it with neighbours of the same kind. */
export function addRange(
  ranges: LockRanges,
  state: LockState,
  exclusive: boolean,
  start: bigint,
  end: bigint,
): number {
  const before = ranges.size;
  if (state.own.size === 0) {
    ranges.add({ state, exclusive, start, end });
    return 1;
  }
  cutRange(ranges, state, start, end);
  const left = ranges.own(state, start - 1n, start);
  const right = ranges.own(state, end, end + 1n);
  let from = start;
  let to = end;
  if (left?.exclusive === exclusive) {
    from = left.start;
    ranges.remove(left);
  }
  if (right?.exclusive === exclusive) {
    to = right.end;
    ranges.remove(right);
  }
  ranges.add({ state, exclusive, start: from, end: to });
  return ranges.size - before;
}
