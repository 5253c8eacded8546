import type { DelegationState } from './delegations.ts';
import type { LockOwner, LockWaiter } from './locks.ts';
import type { Lasting } from './marks.ts';
import type { OpenOwner } from './opens.ts';
import { OwnerTable } from './owner-table.ts';
import type { Session } from './sessions.ts';

/** Who sent EXCHANGE_ID: the RPC flavor and user (RFC 8881 §2.10.8.1: a client record belongs to a principal). */
export interface ClientPrincipal {
  readonly flavor: number;
  readonly uid: number;
}

export function samePrincipal(a: ClientPrincipal, b: ClientPrincipal): boolean {
  return a.flavor === b.flavor && a.uid === b.uid;
}

/** nfs_impl_id4, as the client gave it. */
export interface ImplementationId {
  readonly domain: string;
  readonly name: string;
}

/** A client record (RFC 8881 §18.35.4): a client owner, and all that hangs on it. */
export class Client implements Lasting {
  /** The two halves of the clientid4. */
  readonly instance: number;
  readonly number: number;
  readonly owner: Buffer;
  readonly ownerKey: string;
  verifier: Buffer;
  readonly principal: ClientPrincipal;
  readonly remoteAddress: string;
  implementation: ImplementationId | undefined;
  confirmed = false;
  removed = false;
  /** csa_sequence that comes next, and the reply to the last (RFC 8881 §18.36.4). */
  createSequence = 1;
  createReply: Buffer | undefined;
  reclaimComplete = false;
  /** The lease has ended; state is kept until somebody conflicts with it. */
  courtesy = false;
  /** Milliseconds of the monotonic clock. */
  lastRenewal: number;
  /** The lease that it has been told, or a longer one. */
  leaseMs: number;
  readonly createdAt: number;
  readonly sessions = new Set<Session>();
  readonly openOwners = new OwnerTable<OpenOwner>();
  readonly lockOwners = new OwnerTable<LockOwner>();
  readonly waiters = new Set<LockWaiter>();
  readonly delegations = new Set<DelegationState>();
  /** Delegations taken away that the client has not freed yet. */
  readonly revoked = new Set<DelegationState>();
  opens = 0;
  locks = 0;
  marked = false;
  nextMarked: Lasting | undefined;
  journaled = false;

  constructor(init: {
    readonly instance: number;
    readonly number: number;
    readonly owner: Buffer;
    readonly verifier: Buffer;
    readonly principal: ClientPrincipal;
    readonly remoteAddress: string;
    readonly monotonic: number;
    readonly now: number;
    readonly leaseMs: number;
  }) {
    this.instance = init.instance;
    this.number = init.number;
    this.owner = init.owner;
    this.ownerKey = init.owner.toString('latin1');
    this.verifier = init.verifier;
    this.principal = init.principal;
    this.remoteAddress = init.remoteAddress;
    this.lastRenewal = init.monotonic;
    this.createdAt = init.now;
    this.leaseMs = init.leaseMs;
  }

  /** The clientid4 in hexadecimal, for people. */
  get name(): string {
    const hex = (n: number) => n.toString(16).padStart(8, '0');
    return `${hex(this.instance)}${hex(this.number)}`;
  }

  get hasState(): boolean {
    return this.opens > 0 || this.locks > 0 || this.delegations.size > 0;
  }
}
