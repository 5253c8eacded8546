import { XdrError, XdrReader } from '../../xdr/index.ts';
import { type ClientRecord, decodeClient } from './client-codec.ts';
import { type DelegationRecord, decodeDelegation } from './delegation-codec.ts';
import { Kind } from './keys.ts';
import { decodeLock, type LockRecord } from './lock-codec.ts';
import { decodeOpen, type OpenRecord } from './open-codec.ts';
import { decodeServer, decodeWaiting, type ServerRecord } from './server-codec.ts';
import { decodeSession, type SessionRecord } from './session-codec.ts';
import { decodeSlot, type SlotRecord } from './slot-codec.ts';
import { decodeWaiter, type WaiterRecord } from './waiter-codec.ts';

/** All that a journal says, decoded and fitting together: nothing of it can fail any more but the files. */
export interface Image {
  readonly server: ServerRecord;
  readonly waiting: ReadonlySet<string>;
  readonly clients: ReadonlyMap<number, ClientRecord>;
  readonly sessions: ReadonlyMap<number, SessionRecord>;
  /** By session, then by slot. */
  readonly slots: ReadonlyMap<number, ReadonlyMap<number, SlotRecord>>;
  readonly opens: ReadonlyMap<number, OpenRecord>;
  readonly locks: ReadonlyMap<number, LockRecord>;
  readonly waiters: ReadonlyMap<number, WaiterRecord>;
  readonly delegations: ReadonlyMap<number, DelegationRecord>;
}

/**
 * Decodes a journal's records; undefined where it holds none. Throws XdrError where one does not decode or names another that is not there: a lock
 * or a session that is silently missing would be worse than a grace period.
 */
export function readImage(records: Iterable<readonly [key: string, value: Buffer]>): Image | undefined {
  let server: ServerRecord | undefined;
  let waiting = new Set<string>();
  let count = 0;
  const clients = new Map<number, ClientRecord>();
  const sessions = new Map<number, SessionRecord>();
  const slots = new Map<number, Map<number, SlotRecord>>();
  const opens = new Map<number, OpenRecord>();
  const locks = new Map<number, LockRecord>();
  const waiters = new Map<number, WaiterRecord>();
  const delegations = new Map<number, DelegationRecord>();
  for (const [key, value] of records) {
    count++;
    const reader = new XdrReader(value);
    const [kind = '', number = '', slot = ''] = key.split('/');
    switch (kind) {
      case Kind.SERVER:
        server = decodeServer(reader);
        break;
      case Kind.GRACE:
        waiting = decodeWaiting(reader);
        break;
      case Kind.CLIENT:
        clients.set(Number(number), decodeClient(reader));
        break;
      case Kind.SESSION:
        sessions.set(Number(number), decodeSession(reader));
        break;
      case Kind.SLOT:
        slotsOf(slots, Number(number)).set(Number(slot), decodeSlot(reader));
        break;
      case Kind.OPEN:
        opens.set(Number(number), decodeOpen(reader));
        break;
      case Kind.LOCK:
        locks.set(Number(number), decodeLock(reader));
        break;
      case Kind.WAITER:
        waiters.set(Number(number), decodeWaiter(reader));
        break;
      case Kind.DELEGATION:
        delegations.set(Number(number), decodeDelegation(reader));
        break;
      default:
        throw new XdrError(`the journal has a record ${key}, of a kind that is not known`);
    }
    if (reader.remaining > 0) throw new XdrError(`record ${key} is longer than it should be`);
  }
  if (count === 0) return undefined;
  if (server === undefined) throw new XdrError('the journal does not say whose it is');
  const image = { server, waiting, clients, sessions, slots, opens, locks, waiters, delegations };
  requireWhole(image);
  return image;
}

function slotsOf(slots: Map<number, Map<number, SlotRecord>>, session: number): Map<number, SlotRecord> {
  let found = slots.get(session);
  if (found === undefined) {
    found = new Map();
    slots.set(session, found);
  }
  return found;
}

function requireWhole(image: Image): void {
  const { clients, sessions, slots, opens, locks, waiters, delegations } = image;
  for (const session of sessions.values()) {
    if (!clients.has(session.client)) throw new XdrError('a session lacks its client');
    if (session.granted < 1 || session.target < 1 || session.target > session.granted)
      throw new XdrError('a session has an impossible number of slots');
  }
  for (const [session, table] of slots) {
    const granted = sessions.get(session)?.granted ?? 0;
    for (const slot of table.keys()) if (!(slot < granted)) throw new XdrError('a slot lacks its session');
  }
  for (const open of opens.values())
    if (!clients.has(open.client)) throw new XdrError('an open lacks its client');
  for (const lock of locks.values()) {
    if (!opens.has(lock.open)) throw new XdrError('a lock lacks its open');
    if (lock.ranges.some(({ start, end }) => start >= end)) throw new XdrError('a lock covers nothing');
  }
  for (const waiter of waiters.values()) {
    if (!opens.has(waiter.open)) throw new XdrError('who waits for a lock lacks its open');
    if (waiter.start >= waiter.end) throw new XdrError('somebody waits for a lock that covers nothing');
  }
  for (const delegation of delegations.values())
    if (!clients.has(delegation.client)) throw new XdrError('a delegation lacks its client');
}
