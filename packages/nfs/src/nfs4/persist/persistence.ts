import type { RecordSink, RecordSource, StateJournal } from '../../contracts.ts';
import type { XdrWriter } from '../../xdr/index.ts';
import { Client } from '../state/clients.ts';
import { DelegationState } from '../state/delegations.ts';
import { LockState, LockWaiter } from '../state/locks.ts';
import type { Lasting } from '../state/marks.ts';
import { OpenState } from '../state/opens.ts';
import { Session } from '../state/sessions.ts';
import { Slot } from '../state/slots.ts';
import type { State } from '../state/state.ts';
import type { StateEntry } from '../state/stateids.ts';
import { encodeClient } from './client-codec.ts';
import { encodeDelegation } from './delegation-codec.ts';
import { Kind } from './keys.ts';
import { encodeLock } from './lock-codec.ts';
import { encodeOpen } from './open-codec.ts';
import { encodeServer, encodeWaiting, type ServerRecord } from './server-codec.ts';
import { encodeSession } from './session-codec.ts';
import { encodeIdleSlot, encodeSlot } from './slot-codec.ts';
import { encodeWaiter } from './waiter-codec.ts';

/** Numbers are taken in the journal so many at a time: those below are not given again after a restart. */
const NUMBERS = 1000;

/** Writes what changes in the state to the journal, each COMPOUND's changes together with its reply (RFC 8881 §2.10.6.5). */
export class Persistence implements RecordSource {
  readonly #journal: StateJournal;
  readonly #state: State;
  #taken: ServerRecord;
  #graceSeen = 0;
  #unflushed = false;

  /** What is in the journal is the state as it is; `numbers` is what it says of those taken. */
  constructor(journal: StateJournal, state: State, numbers: ServerRecord | undefined) {
    this.#journal = journal;
    this.#state = state;
    this.#taken = numbers ?? { ...this.#numbers(), nextClient: 0, nextSession: 0, nextStateid: 0 };
    state.marks.on = true;
    journal.keep(this);
  }

  /** What is written outlives the process. */
  get isWhole(): boolean {
    return this.#journal.isWhole !== false;
  }

  /**
   * A COMPOUND is done: what it changed, and the reply that its slot keeps, are one unit. The reply is what `reply` has from `start` on,
   * if any.
   */
  settle(session: Session, slot: Slot, reply: XdrWriter | undefined, start: number, files: boolean): void {
    if (files) this.#sweepOthers(session.client);
    const unit = this.#journal.begin(files);
    this.#writeMarked(unit);
    if (!files) this.#writeServer(unit);
    if (!session.dead) {
      encodeSlot(unit.put(Kind.SLOT, slot.session, slot.number), slot, reply, start);
      slot.journaled = true;
      slot.recorded = true;
    }
    this.#end();
  }

  /** What changed outside of a COMPOUND with a slot, if anything did. */
  sweep(): void {
    const { marks, grace } = this.#state;
    if (!marks.any && grace.changes === this.#graceSeen) return;
    const unit = this.#journal.begin(false);
    this.#writeMarked(unit);
    this.#writeServer(unit);
    this.#end();
  }

  *write(sink: RecordSink): Generator<undefined> {
    this.#sweepNumbers();
    encodeServer(sink.put(Kind.SERVER, -1, -1), this.#taken);
    const { clients, sessions, stateids, grace } = this.#state;
    if (grace.waiting.size > 0) encodeWaiting(sink.put(Kind.GRACE, -1, -1), grace.waiting);
    yield;
    for (const client of [...clients]) {
      if (!client.removed) this.#write(sink, client);
      yield;
      for (const waiter of [...client.waiters]) if (!waiter.ended) this.#write(sink, waiter);
    }
    for (const session of [...sessions]) {
      if (!session.dead) this.#write(sink, session);
      yield;
      for (const slot of session.slots.journaled()) {
        // Taken back meanwhile, or gone with its session.
        if (!slot.journaled) continue;
        encodeIdleSlot(sink.put(Kind.SLOT, slot.session, slot.number), slot);
        yield;
      }
    }
    for (const entry of stateids.all()) {
      if (!isGone(entry)) this.#write(sink, entry);
      yield;
    }
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
   * others have been told of. All else goes before.
   */
  #sweepOthers(client: Client): void {
    const { marks } = this.#state;
    let isOwn = !marks.anyDropped;
    for (let record = marks.first; isOwn && record !== undefined; record = record.nextMarked)
      isOwn = isOf(record, client);
    if (isOwn) {
      this.#sweepNumbers();
      return;
    }
    const own: Lasting[] = [];
    const others: Lasting[] = [];
    for (let record = marks.take(); record !== undefined; record = marks.take())
      (isOf(record, client) ? own : others).push(record);
    for (const record of others) marks.touch(record);
    this.sweep();
    for (const record of own) marks.touch(record);
  }

  #end(): void {
    if (this.#journal.end()) this.#unflushed = true;
  }

  #sweepNumbers(): void {
    if (!this.#numbersRunOut()) return;
    this.#writeServer(this.#journal.begin(false));
    this.#end();
  }

  #writeMarked(unit: RecordSink): void {
    const { marks } = this.#state;
    for (let record = marks.take(); record !== undefined; record = marks.take()) this.#write(unit, record);
    if (!marks.anyDropped) return;
    for (const { kind, number } of marks.takeDropped()) unit.delete(kind, number, -1);
  }

  /** What is the server's own, where that has changed. */
  #writeServer(unit: RecordSink): void {
    const { grace } = this.#state;
    if (grace.changes !== this.#graceSeen) {
      this.#graceSeen = grace.changes;
      if (grace.waiting.size === 0) unit.delete(Kind.GRACE, -1, -1);
      else encodeWaiting(unit.put(Kind.GRACE, -1, -1), grace.waiting);
    }
    if (!this.#numbersRunOut()) return;
    this.#takeNumbers();
    encodeServer(unit.put(Kind.SERVER, -1, -1), this.#taken);
  }

  #write(sink: RecordSink, record: Lasting): void {
    if (record instanceof OpenState) {
      if (record.closed) erase(sink, record, Kind.OPEN);
      else encodeOpen(enter(sink, record, Kind.OPEN), record);
    } else if (record instanceof LockState) {
      if (record.freed) erase(sink, record, Kind.LOCK);
      else encodeLock(enter(sink, record, Kind.LOCK), record);
    } else if (record instanceof LockWaiter) {
      if (record.ended) erase(sink, record, Kind.WAITER);
      else encodeWaiter(enter(sink, record, Kind.WAITER), record);
    } else if (record instanceof DelegationState) {
      if (record.gone) erase(sink, record, Kind.DELEGATION);
      else encodeDelegation(enter(sink, record, Kind.DELEGATION), record);
    } else if (record instanceof Session) {
      if (record.dead) erase(sink, record, Kind.SESSION);
      else encodeSession(enter(sink, record, Kind.SESSION), record);
    } else if (record instanceof Client) {
      if (record.removed) erase(sink, record, Kind.CLIENT);
      else encodeClient(enter(sink, record, Kind.CLIENT), record);
    } else if (record instanceof Slot) {
      // Only requests write it; marked, it is to go.
      if (record.journaled) sink.delete(Kind.SLOT, record.session, record.number);
      record.journaled = false;
    }
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

  #takeNumbers(): void {
    const now = this.#numbers();
    this.#taken = {
      ...now,
      nextClient: now.nextClient + NUMBERS,
      nextSession: now.nextSession + NUMBERS,
      nextStateid: Math.min(now.nextStateid + NUMBERS, 0xffffffff),
    };
  }
}

type Numbered = Lasting & { readonly number: number };

/** Begins its record. */
function enter(sink: RecordSink, record: Numbered, kind: Kind): XdrWriter {
  record.journaled = true;
  return sink.put(kind, record.number, -1);
}

/** It has ended; it may never have been there. */
function erase(sink: RecordSink, record: Numbered, kind: Kind): void {
  if (record.journaled) sink.delete(kind, record.number, -1);
  record.journaled = false;
}

function isGone(entry: StateEntry): boolean {
  if (entry instanceof OpenState) return entry.closed;
  return entry instanceof LockState ? entry.freed : entry.gone;
}

function isOf(record: Lasting, client: Client): boolean {
  const held =
    record instanceof OpenState ||
    record instanceof LockState ||
    record instanceof LockWaiter ||
    record instanceof DelegationState;
  return held && record.client === client;
}
