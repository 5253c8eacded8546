import type { Limits } from '../../limits.ts';
import { Status } from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import type { Client } from './clients.ts';
import type { FileState, Files } from './files.ts';
import { addRange, cutRange, LockOwner, type LockRange, LockState, type LockWaiter } from './locks.ts';
import type { Marks } from './marks.ts';
import type { OpenState } from './opens.ts';
import { nextSeqid, type Stateids } from './stateids.ts';

const MAX_WAITERS = 1000;

/** Byte-range locks (RFC 8881 §9.1 to 9.6). */
export class LockTable {
  readonly #files: Files;
  readonly #stateids: Stateids;
  readonly #limits: Limits;
  readonly #notify: (file: FileState, waiter: LockWaiter) => void;
  readonly #marks: Marks;
  #count = 0;

  /** `notify` is told of a waiter whose range has become free. */
  constructor(
    files: Files,
    stateids: Stateids,
    limits: Limits,
    notify: (file: FileState, waiter: LockWaiter) => void,
    marks: Marks,
  ) {
    this.#marks = marks;
    this.#files = files;
    this.#stateids = stateids;
    this.#limits = limits;
    this.#notify = notify;
  }

  /** Ranges that are locked. */
  get count(): number {
    return this.#count;
  }

  conflict(
    file: FileState | undefined,
    client: Client,
    ownerKey: string,
    exclusive: boolean,
    start: bigint,
    end: bigint,
  ): LockRange | undefined {
    if (file === undefined) return undefined;
    const mine = (r: LockRange) => r.state.client === client && r.state.owner.key === ownerKey;
    return file.ranges.conflict(mine, exclusive, start, end);
  }

  /** The lock state of an owner that locks through `open`, made where there is none. */
  obtain(client: Client, ownerBytes: Buffer, open: OpenState): LockState {
    const key = ownerBytes.toString('latin1');
    const owner = client.lockOwners.get(key) ?? new LockOwner(client, ownerBytes);
    const existing = owner.states.get(open.file);
    if (existing !== undefined) return existing;
    if (client.lockOwners.size >= this.#limits.maxOwnersPerClient) throw new NfsError(Status.DELAY);
    return this.restore(new LockState(this.#stateids.allocate(), owner, open));
  }

  /** Enters a lock state, a new one or one of an earlier run. */
  restore(state: LockState): LockState {
    const { client, owner, open } = state;
    this.#stateids.add(state);
    if (owner.states.size === 0) client.lockOwners.add(owner);
    owner.states.set(open.file, state);
    open.addLocks(state);
    return state;
  }

  restoreRange(state: LockState, exclusive: boolean, start: bigint, end: bigint): void {
    this.#grew(state, addRange(state.file.ranges, state, exclusive, start, end));
  }

  /** Takes a lock that conflicts with nobody's. */
  lock(state: LockState, exclusive: boolean, start: bigint, end: bigint): void {
    if (state.client.locks >= this.#limits.maxLocksPerClient) throw new NfsError(Status.DELAY);
    this.#grew(state, addRange(state.file.ranges, state, exclusive, start, end));
    this.#unwait(state.file, state.client, state.owner.bytes);
    this.#marks.touch(state);
    state.seqid = nextSeqid(state.seqid);
    if (!exclusive) this.#wake(state.file, start, end);
  }

  unlock(state: LockState, start: bigint, end: bigint): void {
    this.#grew(state, cutRange(state.file.ranges, state, start, end));
    this.#marks.touch(state);
    state.seqid = nextSeqid(state.seqid);
    this.#wake(state.file, start, end);
  }

  holdsAny(state: LockState): boolean {
    return state.file.ranges.holds(state);
  }

  /** Ends a lock state, with whatever it still locks. */
  free(state: LockState): void {
    this.#grew(state, cutRange(state.file.ranges, state, 0n, 1n << 64n));
    state.freed = true;
    this.#marks.touch(state);
    this.#stateids.delete(state);
    state.open.dropLocks(state);
    state.owner.states.delete(state.file);
    if (state.owner.states.size === 0) state.client.lockOwners.remove(state.owner);
    this.#wake(state.file, 0n, 1n << 64n);
    this.#files.settle(state.file);
  }

  #grew(state: LockState, by: number): void {
    state.client.locks += by;
    this.#count += by;
  }

  /** Notes somebody who wants to be told when a range is free. */
  wait(file: FileState, waiter: LockWaiter): void {
    this.#unwait(file, waiter.client, waiter.owner);
    if (file.waiters.length < MAX_WAITERS) file.waiters.push(waiter);
  }

  #unwait(file: FileState, client: Client, owner: Buffer): void {
    const at = file.waiters.findIndex((w) => w.client === client && w.owner.equals(owner));
    if (at >= 0) file.waiters.splice(at, 1);
  }

  /** Tells those who wait for a part of `start` to `end` and would now get their lock; they ask again by themselves. */
  #wake(file: FileState, start: bigint, end: bigint): void {
    for (let i = 0; i < file.waiters.length; ) {
      const waiter = file.waiters[i]!;
      const touched = waiter.start < end && waiter.end > start;
      const key = waiter.owner.toString('latin1');
      const free =
        touched &&
        this.conflict(file, waiter.client, key, waiter.exclusive, waiter.start, waiter.end) === undefined;
      if (!free) {
        i++;
        continue;
      }
      file.waiters.splice(i, 1);
      if (!waiter.client.removed) this.#notify(file, waiter);
    }
  }
}
