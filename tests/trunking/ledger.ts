import type { Stateid } from '../../packages/nfs/src/client/index.ts';
import type { Actor } from './actor.ts';

/** A name that moves on by RENAME: done twice, the second finds nothing. */
export interface Chain {
  readonly actor: Actor;
  count: number;
  /** Where it may be; more than one while a request's fate is unknown. */
  at: string[];
  busy: boolean;
}

/** Eight bytes of a file, written by one request at a time: done twice or late, an old value comes back. */
export interface Register {
  readonly offset: number;
  /** What may be read. */
  values: bigint[];
  busy: boolean;
}

/** A file that one client has open. */
export interface Open {
  readonly actor: Actor;
  readonly life: number;
  readonly handle: Buffer;
  stateid: Stateid;
  busy: boolean;
  /** The lock stateid of its owner. */
  lock: Stateid | undefined;
}

/** A range of the file that all lock. */
export interface Range {
  readonly offset: number;
  /** Who holds it for certain, and who may. */
  sure: Actor | undefined;
  readonly maybe: Set<Actor>;
}

/** A delegation that a client has been given. */
export interface Delegated {
  readonly actor: Actor;
  readonly file: number;
  readonly stateid: Stateid;
  readonly write: boolean;
  /** Given back, taken away, or on the way to either. */
  ending: boolean;
  /** It was sent back, and no reply came. */
  unsure: boolean;
  recalled: boolean;
}

const RANGES = 4;
const REGISTERS = 4;
export const REGISTER_BYTES = 8;

/** What must be so, by all replies so far. */
export class Ledger {
  readonly made = new Set<string>();
  readonly chains = new Map<Actor, Chain>();
  readonly registers = new Map<Actor, Register[]>();
  readonly opens = new Map<Actor, Open>();
  /** Clients whose OPEN of their own file is under way. */
  readonly opening = new Set<Actor>();
  readonly lockFiles = new Map<Actor, Open>();
  readonly ranges: Range[] = Array.from({ length: RANGES }, (_, i) => ({
    offset: i,
    sure: undefined,
    maybe: new Set(),
  }));
  delegated: Delegated[] = [];

  join(actor: Actor): void {
    this.registers.set(
      actor,
      Array.from({ length: REGISTERS }, (_, i) => ({
        offset: i * REGISTER_BYTES,
        values: [0n],
        busy: false,
      })),
    );
  }

  /** The client has lost its state, or given it up: the server may still hold it until it hears of that. */
  lost(actor: Actor): void {
    this.opens.delete(actor);
    this.lockFiles.delete(actor);
    for (const range of this.ranges) {
      if (range.sure === actor) range.maybe.add(actor);
      if (range.sure === actor) range.sure = undefined;
    }
    for (const delegation of this.delegated) if (delegation.actor === actor) delegation.ending = true;
    this.delegated = this.delegated.filter((delegation) => delegation.actor !== actor);
  }

  /** The server has a new record of the client: the old one's state is gone for certain. */
  renewed(actor: Actor): void {
    for (const range of this.ranges) range.maybe.delete(actor);
  }
}
