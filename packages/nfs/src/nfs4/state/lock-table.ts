import type { Limits } from '../../limits.ts';
import { Status } from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import type { Client } from './clients.ts';
import type { FileState, Files } from './files.ts';
import {
  addRange,
  cutRange,
  LockOwner,
  type LockRange,
  LockState,
  LockWaiter,
  type WantedLock,
} from './locks.ts';
import type { Marks } from './marks.ts';
import type { OpenState } from './opens.ts';
import { nextSeqid, type Stateids } from './stateids.ts';

/** Byte-range locks (RFC 8881 §9.1 to 9.6). */
export class LockTable {
  readonly #files: Files;
  readonly #stateids: Stateids;
  readonly #limits: Limits;
  readonly #notify: (waiter: LockWaiter) => void;
  readonly #marks: Marks;
  #count = 0;
  #nextWaiter = 1;

  /** `notify` is told of a waiter whose range has become free, and says by {@link heard} that it was told. */
  constructor(
    files: Files,
    stateids: Stateids,
    limits: Limits,
    notify: (waiter: LockWaiter) => void,
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
    this.#unwait(state);
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

  /** Notes somebody who wants to be told when a range is free. At a limit nobody is noted: clients ask again by themselves. */
  wait(wanted: WantedLock): void {
    const { file, client } = wanted.open;
    const known = waiterOf(file, client, wanted.owner);
    if (known?.wants(wanted)) {
      // It keeps its turn, and costs the journal nothing.
      known.told = false;
      known.turn++;
      return;
    }
    if (known !== undefined) this.#end(known);
    const { maxWaitersPerFile, maxWaitersPerClient } = this.#limits;
    if (file.waiters.length >= maxWaitersPerFile || client.waiters.size >= maxWaitersPerClient) return;
    const waiter = new LockWaiter(this.#nextWaiter++, wanted);
    this.#enter(waiter);
    this.#marks.touch(waiter);
  }

  /** One of an earlier run. All locks must be there: where none is in its way any more it is told when its client can be reached. */
  restoreWaiter(waiter: LockWaiter): void {
    this.#nextWaiter = Math.max(this.#nextWaiter, waiter.number + 1);
    this.#enter(waiter);
    waiter.told = this.#free(waiter);
  }

  #enter(waiter: LockWaiter): void {
    waiter.file.waiters.push(waiter);
    waiter.client.waiters.add(waiter);
  }

  /** It has been told, or will never be. */
  heard(waiter: LockWaiter): void {
    if (!waiter.ended) this.#end(waiter);
  }

  #end(waiter: LockWaiter): void {
    waiter.ended = true;
    waiter.told = false;
    this.#marks.touch(waiter);
    waiter.client.waiters.delete(waiter);
    waiter.file.waiters.splice(waiter.file.waiters.indexOf(waiter), 1);
  }

  /** Nobody waits through this open any more; without one, through none of the client's. */
  endWaits(client: Client, open?: OpenState): void {
    for (const waiter of client.waiters) if (open === undefined || waiter.open === open) this.#end(waiter);
  }

  /** There is a way to the client again: those are told that could not be, if their range is still free. */
  retell(client: Client): void {
    for (const waiter of client.waiters) {
      if (!waiter.told) continue;
      waiter.told = this.#free(waiter);
      if (waiter.told) this.#notify(waiter);
    }
  }

  /** An owner that has got a lock waits for none. */
  #unwait(state: LockState): void {
    if (state.file.waiters.length === 0) return;
    const waiter = waiterOf(state.file, state.client, state.owner.bytes);
    if (waiter !== undefined) this.#end(waiter);
  }

  #free({ file, client, owner, exclusive, start, end }: LockWaiter): boolean {
    return this.conflict(file, client, owner.toString('latin1'), exclusive, start, end) === undefined;
  }

  /** Tells those who wait for a part of `start` to `end` and would now get their lock; they ask again by themselves. */
  #wake(file: FileState, start: bigint, end: bigint): void {
    for (const waiter of file.waiters) {
      const touched = waiter.start < end && waiter.end > start;
      if (!touched || waiter.told || !this.#free(waiter)) continue;
      waiter.told = true;
      this.#notify(waiter);
    }
  }
}

function waiterOf(file: FileState, client: Client, owner: Buffer): LockWaiter | undefined {
  return file.waiters.find((waiter) => waiter.client === client && waiter.owner.equals(owner));
}
