import type { Namespace } from '../exports.ts';
import { Client } from '../state/clients.ts';
import { DelegationState } from '../state/delegations.ts';
import { FileState } from '../state/files.ts';
import { LockOwner, LockState, LockWaiter } from '../state/locks.ts';
import { OpenState } from '../state/opens.ts';
import type { State } from '../state/state.ts';
import type { FileRecord } from './file-codec.ts';
import type { Image } from './image.ts';
import { Kind } from './keys.ts';

/** What came of a restore: opens and delegations whose file is gone are dropped. */
export interface Restored {
  readonly dropped: number;
}

interface Place {
  readonly state: State;
  readonly namespace: Namespace;
}

/** Fills an empty state from an image. Leases start anew; connections bind again by themselves. */
export async function restore(image: Image, place: Place): Promise<Restored> {
  const { state } = place;
  state.clients.next = image.server.nextClient;
  state.sessions.next = image.server.nextSession;
  state.stateids.next = image.server.nextStateid;
  const clients = restoreClients(image, state);
  restoreSessions(image, state, clients);
  const { opens, dropped } = await restoreOpens(image, place, clients);
  restoreLocks(image, state, opens);
  restoreWaiters(image, state, opens);
  return { dropped: dropped + (await restoreDelegations(image, place, clients)) };
}

function restoreClients(image: Image, state: State): Map<number, Client> {
  const clients = new Map<number, Client>();
  for (const [number, record] of image.clients) {
    const client = new Client({
      instance: state.clients.instance,
      number,
      owner: record.owner,
      verifier: record.verifier,
      principal: { flavor: record.flavor, uid: record.uid },
      remoteAddress: record.remoteAddress,
      monotonic: state.clock.monotonic(),
      now: record.createdAt,
      leaseMs: Math.max(record.leaseMs, state.leaseMs),
    });
    client.implementation = record.implementation;
    client.confirmed = record.confirmed;
    client.createSequence = record.createSequence;
    client.createReply = record.createReply;
    client.reclaimComplete = record.reclaimComplete;
    client.journaled = true;
    state.clients.restore(client);
    clients.set(number, client);
    // Killed between the two: the record that survives a loss of power is made good.
    if (client.reclaimComplete) state.grace.record(client);
  }
  return clients;
}

function restoreSessions(image: Image, state: State, clients: ReadonlyMap<number, Client>): void {
  for (const [number, record] of image.sessions) {
    const { id, createdAt } = record;
    const session = state.sessions.restore(clients.get(record.client)!, record, id, number, createdAt);
    session.journaled = true;
    session.backSequences.push(...record.backSequences);
    session.slots.resume(record.granted, record.target);
    for (const [at, last] of image.slots.get(number) ?? []) session.slots.find(at)?.resume(last);
  }
}

/** The state of a record's file, undefined where its share or the file itself is gone. */
async function fileOf({ state, namespace }: Place, record: FileRecord): Promise<FileState | undefined> {
  const target = namespace.byId(record.share);
  if (target === undefined) return undefined;
  try {
    const found = target.fileSystem.resolve(record.handle);
    return state.files.obtain(target, found instanceof Promise ? await found : found);
  } catch {
    return undefined;
  }
}

async function restoreOpens(
  image: Image,
  place: Place,
  clients: ReadonlyMap<number, Client>,
): Promise<{ opens: Map<number, OpenState>; dropped: number }> {
  const opens = new Map<number, OpenState>();
  const { state } = place;
  let dropped = 0;
  for (const [number, record] of image.opens) {
    const file = await fileOf(place, record.file);
    if (file === undefined) {
      dropped++;
      state.marks.drop(Kind.OPEN, number);
      continue;
    }
    const owner = state.opens.owner(clients.get(record.client)!, record.owner);
    const open = new OpenState(number, owner, file, record.access, record.deny);
    open.seqid = record.seqid;
    open.accessSeen = record.accessSeen;
    open.denySeen = record.denySeen;
    open.journaled = true;
    opens.set(number, state.opens.restore(open));
  }
  return { opens, dropped };
}

function restoreLocks(image: Image, state: State, opens: ReadonlyMap<number, OpenState>): void {
  for (const [number, record] of image.locks) {
    const open = opens.get(record.open);
    if (open === undefined) {
      state.marks.drop(Kind.LOCK, number);
      continue;
    }
    const { client } = open;
    const owner =
      client.lockOwners.get(record.owner.toString('latin1')) ?? new LockOwner(client, record.owner);
    const lock = state.locks.restore(new LockState(number, owner, open));
    lock.seqid = record.seqid;
    lock.journaled = true;
    for (const { exclusive, start, end } of record.ranges)
      state.locks.restoreRange(lock, exclusive, start, end);
  }
}

function restoreWaiters(image: Image, state: State, opens: ReadonlyMap<number, OpenState>): void {
  // The journal may have them in any order; they take turns by their numbers.
  for (const [number, record] of [...image.waiters].sort(([a], [b]) => a - b)) {
    const open = opens.get(record.open);
    if (open === undefined) {
      state.marks.drop(Kind.WAITER, number);
      continue;
    }
    const waiter = new LockWaiter(number, { ...record, open });
    waiter.journaled = true;
    state.locks.restoreWaiter(waiter);
  }
}

async function restoreDelegations(
  image: Image,
  place: Place,
  clients: ReadonlyMap<number, Client>,
): Promise<number> {
  const { state, namespace } = place;
  let dropped = 0;
  for (const [number, record] of image.delegations) {
    const client = clients.get(record.client)!;
    const owner = state.opens.owner(client, record.owner);
    // Nobody looks at the file of one that was revoked, and it may be gone.
    const { pseudo } = namespace;
    const file = record.revoked
      ? new FileState(pseudo, pseudo.fileSystem.root())
      : await fileOf(place, record.file);
    if (file === undefined) {
      dropped++;
      state.marks.drop(Kind.DELEGATION, number);
      continue;
    }
    const { type, changeAtGrant } = record;
    const delegation = new DelegationState(number, { client, file, owner }, type, changeAtGrant);
    delegation.journaled = true;
    if (record.revoked) state.delegations.restoreRevoked(delegation);
    else state.delegations.restore(delegation);
  }
  return dropped;
}
