import { HashTable } from '../../hash-table.ts';
import type { Stateid } from '../stateid.ts';
import type { DelegationState } from './delegations.ts';
import type { LockState } from './locks.ts';
import type { OpenState } from './opens.ts';

/** What a stateid stands for. */
export type StateEntry = OpenState | LockState | DelegationState;

/** The second word of a stateid: which kind of state it is. */
export const StateKind = { OPEN: 1, LOCK: 2, DELEGATION: 3 } as const;
export type StateKind = (typeof StateKind)[keyof typeof StateKind];

/** The largest seqid; the next is 1, for 0 has a meaning of its own (RFC 8881 §8.2.2). */
const MAX_SEQID = 0xffffffff;

export function nextSeqid(seqid: number): number {
  return seqid === MAX_SEQID ? 1 : seqid + 1;
}

/** Finds state by stateid. */
export class Stateids {
  readonly instance: number;
  readonly #entries = new HashTable<StateEntry>();
  /** The number that is tried first for new state. */
  next = 1;

  /** `instance` tells this run of the server from all others. */
  constructor(instance: number) {
    this.instance = instance;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A number for new state. */
  allocate(): number {
    while (this.#at(this.next) !== undefined) this.#advance();
    const number = this.next;
    this.#advance();
    return number;
  }

  #advance(): void {
    this.next = this.next >= 0xffffffff ? 1 : this.next + 1;
  }

  add(entry: StateEntry): void {
    this.#entries.add(entry);
  }

  delete(entry: StateEntry): void {
    this.#entries.remove(entry);
  }

  /** All that has a stateid, as it is now. */
  all(): readonly StateEntry[] {
    return this.#entries.all();
  }

  find(id: Stateid): StateEntry | undefined {
    if (id.a !== this.instance) return undefined;
    const entry = this.#at(id.c);
    return entry?.kind === id.b ? entry : undefined;
  }

  #at(number: number): StateEntry | undefined {
    let entry = this.#entries.first(number);
    while (entry !== undefined && entry.number !== number) entry = entry.next;
    return entry;
  }

  idOf(entry: StateEntry): Stateid {
    return { seqid: entry.seqid, a: this.instance, b: entry.kind, c: entry.number };
  }
}
