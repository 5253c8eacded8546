import type { StateJournal } from '../../contracts.ts';
import type { XdrWriter } from '../../xdr/index.ts';
import { Client } from '../state/clients.ts';
import { DelegationState } from '../state/delegations.ts';
import { LockState, LockWaiter } from '../state/locks.ts';
import type { Lasting } from '../state/marks.ts';
import { OpenState } from '../state/opens.ts';
import { Session } from '../state/sessions.ts';
import type { Slot } from '../state/slots.ts';
import type { State } from '../state/state.ts';
import { encodeClient } from './client-codec.ts';
import { encodeDelegation } from './delegation-codec.ts';
import { Kind, key, slotKey } from './keys.ts';
import { encodeLock } from './lock-codec.ts';
import { encodeOpen } from './open-codec.ts';
import { RecordWriter } from './record-writer.ts';
import { encodeServer, encodeWaiting, type ServerRecord } from './server-codec.ts';
import { encodeSession } from './session-codec.ts';
import { encodeSlot } from './slot-codec.ts';
import { encodeWaiter } from './waiter-codec.ts';

type Change = readonly [key: string, value: Buffer | undefined];

/** Numbers are taken in the journal so many at a time: those below are not given again after a restart. */
const NUMBERS = 1000;

/** Writes what changes in the state to the journal, each COMPOUND's changes together with its reply (RFC 8881 §2.10.6.5). */
export class Persistence {
  readonly #journal: StateJournal;
  readonly #state: State;
  readonly #writer = new RecordWriter();
  #taken: ServerRecord;
  #graceSeen = 0;
  #unflushed = false;

  /** What is in the journal is the state as it is; `numbers` is what it says of those taken. */
  constructor(journal: StateJournal, state: State, numbers: ServerRecord | undefined) {
    this.#journal = journal;
    this.#state = state;
    this.#taken = numbers ?? { ...this.#numbers(), nextClient: 0, nextSession: 0, nextStateid: 0 };
    state.marks.on = true;
  }

  /** What is written outlives the process. */
  get isWhole(): boolean {
    return this.#journal.isWhole !== false;
  }

  /**
   * A COMPOUND is done: what it changed, and the reply that its slot keeps, are one unit. The reply is what `reply` has from `start` on,
   * if any.
   */
  settle(
    session: Session,
    slot: Slot,
    number: number,
    reply: XdrWriter | undefined,
    start: number,
    files: boolean,
  ): void {
    const unit = files ? this.#unitOf(session.client) : this.#unit();
    if (!session.dead) {
      slot.journalKey ??= slotKey(session.number, number);
      encodeSlot(this.#writer.begin(), slot, reply, start);
      unit.push([slot.journalKey, this.#writer.end()]);
    }
    this.#append(unit, files);
  }

  /** What changed outside of a COMPOUND with a slot, if anything did. */
  sweep(): void {
    const { marks, grace } = this.#state;
    if (marks.any || grace.changes !== this.#graceSeen) this.#append(this.#unit(), false);
  }

  /** Nothing changed that {@link flush} has not written. */
  isFlushed(): boolean {
    const { marks, grace } = this.#state;
    return !this.#unflushed && !marks.any && grace.changes === this.#graceSeen;
  }

  /** All that changed so far outlives the process: to be called before anybody is told of it, which must not be where it throws. */
  flush(): void {
    this.sweep();
    if (!this.#unflushed) return;
    this.#journal.flush();
    this.#unflushed = false;
  }

  /**
   * With changes of files goes only what is the client's own: should those be lost, so is the unit, and nothing must be lost with it that
   * others have been told of.
   */
  #unitOf(client: Client): Change[] {
    const { marks } = this.#state;
    if (!marks.any) return [];
    const own: Lasting[] = [];
    for (const record of marks.take()) {
      if (isOf(record, client)) own.push(record);
      else marks.touch(record);
    }
    this.sweep();
    const unit: Change[] = [];
    for (const record of own) this.#encode(record, unit);
    return unit;
  }

  #append(unit: readonly Change[], files: boolean): void {
    if (unit.length === 0) return;
    this.#unflushed = true;
    this.#journal.append(unit, files);
  }

  #unit(): Change[] {
    const unit: Change[] = [];
    const { marks, grace } = this.#state;
    if (marks.any) for (const record of marks.take()) this.#encode(record, unit);
    if (grace.changes !== this.#graceSeen) {
      this.#graceSeen = grace.changes;
      encodeWaiting(this.#writer.begin(), grace.waiting);
      unit.push([Kind.GRACE, grace.waiting.size === 0 ? undefined : this.#writer.end()]);
    }
    if (this.#numbersRunOut()) unit.push([Kind.SERVER, this.#takeNumbers()]);
    return unit;
  }

  #encode(record: Lasting, unit: Change[]): void {
    const kind = kindOf(record);
    if (kind === undefined) {
      if (record.journalKey !== undefined) unit.push([record.journalKey, undefined]);
      record.journalKey = undefined;
      return;
    }
    record.journalKey ??= key(kind, numberOf(record));
    const out = this.#writer.begin();
    if (record instanceof OpenState) encodeOpen(out, record);
    else if (record instanceof LockState) encodeLock(out, record);
    else if (record instanceof LockWaiter) encodeWaiter(out, record);
    else if (record instanceof DelegationState) encodeDelegation(out, record);
    else if (record instanceof Session) encodeSession(out, record);
    else if (record instanceof Client) encodeClient(out, record);
    unit.push([record.journalKey, this.#writer.end()]);
  }

  #numbers(): ServerRecord {
    const { clients, sessions, stateids } = this.#state;
    return {
      instance: clients.instance,
      stateidInstance: stateids.instance,
      nextClient: clients.next,
      nextSession: sessions.next,
      nextStateid: stateids.next,
    };
  }

  #numbersRunOut(): boolean {
    const { clients, sessions, stateids } = this.#state;
    const { nextClient, nextSession, nextStateid } = this.#taken;
    if (clients.next > nextClient || sessions.next > nextSession || stateids.next > nextStateid) return true;
    // They start over after the last of 32 bits.
    return stateids.next < nextStateid - NUMBERS;
  }

  #takeNumbers(): Buffer {
    const now = this.#numbers();
    this.#taken = {
      ...now,
      nextClient: now.nextClient + NUMBERS,
      nextSession: now.nextSession + NUMBERS,
      nextStateid: Math.min(now.nextStateid + NUMBERS, 0xffffffff),
    };
    encodeServer(this.#writer.begin(), this.#taken);
    return this.#writer.end();
  }
}

/** Undefined for what is gone, and for slots, of which only requests write the record. */
function kindOf(record: Lasting): Kind | undefined {
  if (record instanceof OpenState) return record.closed ? undefined : Kind.OPEN;
  if (record instanceof LockState) return record.freed ? undefined : Kind.LOCK;
  if (record instanceof LockWaiter) return record.ended ? undefined : Kind.WAITER;
  if (record instanceof DelegationState) return record.gone ? undefined : Kind.DELEGATION;
  if (record instanceof Session) return record.dead ? undefined : Kind.SESSION;
  if (record instanceof Client) return record.removed ? undefined : Kind.CLIENT;
  return undefined;
}

function isOf(record: Lasting, client: Client): boolean {
  const held =
    record instanceof OpenState ||
    record instanceof LockState ||
    record instanceof LockWaiter ||
    record instanceof DelegationState;
  return held && record.client === client;
}

function numberOf(record: Lasting): number {
  return (record as Lasting & { readonly number: number }).number;
}
