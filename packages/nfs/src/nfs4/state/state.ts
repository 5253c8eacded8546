import type { Clock, EventListener, Randomness, StateStore } from '../../contracts.ts';
import type { Limits } from '../../limits.ts';
import { ClientTable } from './client-table.ts';
import type { Client } from './clients.ts';
import { ConnectionTable } from './connection-table.ts';
import { DelegationTable } from './delegation-table.ts';
import { Files } from './files.ts';
import { Grace } from './grace.ts';
import { LockTable } from './lock-table.ts';
import type { LockWaiter } from './locks.ts';
import { Marks } from './marks.ts';
import { OpenTable } from './open-table.ts';
import type { OpenState } from './opens.ts';
import { SessionTable } from './session-table.ts';
import { Stateids } from './stateids.ts';

export interface StateOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly limits: Limits;
  readonly emit: EventListener;
  readonly store: StateStore | undefined;
  /** Tells this run of the server from earlier ones: counts up with every start. */
  readonly instance: number;
  /** Tells this run's stateids from those of all others. */
  readonly stateidInstance: number;
  readonly leaseMs: number;
  readonly graceMs: number;
  /** Tells a client that it may ask again for a lock. */
  readonly notifyLock: (waiter: LockWaiter) => void;
}

/** A client that was heard of last so long ago is dropped, conflict or not. */
const COURTESY_MS = 24 * 3600 * 1000;

/** The state engine: clients, sessions, connections, opens, locks, leases. Synchronous, and without any I/O. */
export class State {
  readonly clock: Clock;
  readonly marks = new Marks();
  #leaseMs: number;
  readonly clients: ClientTable;
  readonly connections: ConnectionTable;
  readonly sessions: SessionTable;
  readonly stateids: Stateids;
  readonly files = new Files();
  readonly opens: OpenTable;
  readonly locks: LockTable;
  readonly delegations: DelegationTable;
  readonly grace: Grace;
  readonly #emit: EventListener;

  constructor(options: StateOptions) {
    const { clock, randomness, limits, emit } = options;
    this.clock = clock;
    this.#leaseMs = options.leaseMs;
    this.#emit = emit;
    this.clients = new ClientTable(options.instance, this.marks);
    this.connections = new ConnectionTable(clock, emit, ({ client }) => {
      if (client.waiters.size > 0) this.locks.retell(client);
    });
    this.sessions = new SessionTable(clock, randomness, emit, this.connections, limits, this.marks);
    this.stateids = new Stateids(options.stateidInstance);
    this.opens = new OpenTable(this.files, this.stateids, limits, this.marks);
    this.locks = new LockTable(this.files, this.stateids, limits, options.notifyLock, this.marks);
    this.delegations = new DelegationTable(clock, this.files, this.stateids, limits, this.marks);
    this.grace = new Grace(clock, options.store, emit, options.graceMs);
  }

  /** Of clients that come from now on. */
  get leaseMs(): number {
    return this.#leaseMs;
  }

  /** A longer lease is everybody's at once. A shorter one is for those who make a session from now on: the others renew as they were told. */
  setTimes(leaseMs: number, graceMs: number): void {
    this.#leaseMs = leaseMs;
    for (const client of this.clients) client.leaseMs = Math.max(client.leaseMs, leaseMs);
    this.grace.setPeriod(graceMs);
  }

  /** `at` is when the client was heard, of the monotonic clock: now where absent. */
  renew(client: Client, at: number = this.clock.monotonic()): void {
    client.lastRenewal = at;
    client.courtesy = false;
  }

  expired(client: Client): boolean {
    return this.clock.monotonic() - client.lastRenewal > client.leaseMs;
  }

  /** Finds leases that have ended. Unconfirmed records go; confirmed ones are kept by courtesy until somebody conflicts. */
  tick(): void {
    const now = this.clock.monotonic();
    for (const client of this.clients) {
      if (!this.expired(client) || this.busy(client)) continue;
      if (!client.confirmed || now - client.lastRenewal > COURTESY_MS) this.removeClient(client, 'expired');
      else client.courtesy = true;
    }
    // Looking at it is what ends it.
    void this.grace.active;
  }

  /** An open or lock of this client is in somebody's way: true where its lease has ended and it has been dropped for that. */
  yields(client: Client): boolean {
    if (!this.expired(client) || this.busy(client)) return false;
    this.removeClient(client, 'expired');
    return true;
  }

  /** A request of the client is running: it is not as silent as its lease says. */
  busy(client: Client): boolean {
    for (const session of client.sessions) if (session.busySlots > 0) return true;
    return false;
  }

  /** Makes room for a new client at the limit: the record silent for longest goes, if its lease has ended. */
  makeRoom(): boolean {
    let oldest: Client | undefined;
    for (const client of this.clients) {
      if (
        this.expired(client) &&
        !this.busy(client) &&
        (oldest === undefined || client.lastRenewal < oldest.lastRenewal)
      )
        oldest = client;
    }
    if (oldest === undefined) return false;
    this.removeClient(oldest, 'expired');
    return true;
  }

  /** Ends an open with the locks taken through it. */
  closeOpen(open: OpenState): void {
    if (open.client.waiters.size > 0) this.locks.endWaits(open.client, open);
    if (open.locks.size > 0) for (const lock of [...open.locks]) this.locks.free(lock);
    this.opens.close(open);
  }

  /** Ends a client and all that hangs on it. */
  removeClient(client: Client, reason: 'destroyed' | 'expired' | 'replaced' | 'evicted'): void {
    if (client.removed) return;
    client.removed = true;
    this.locks.endWaits(client);
    for (const owner of client.openOwners.all()) {
      for (const open of owner.opens.all()) this.closeOpen(open);
    }
    this.delegations.dropAll(client);
    const unbind = reason === 'expired' ? 'reaper' : 'session_destroy';
    const end = reason === 'expired' || reason === 'evicted' ? reason : 'client';
    for (const session of [...client.sessions]) this.sessions.destroy(session, end, unbind);
    this.clients.delete(client);
    if (client.confirmed && this.clients.confirmedBy(client.ownerKey) === undefined) {
      // A replaced client comes back under a new record at once, and a restart in between must let it reclaim nothing
      // of the old: its verifier says that it lost that itself.
      if (reason !== 'replaced') this.grace.forget(client);
    }
    this.#emit({ type: 'client_removed', client: client.name, reason });
  }
}
