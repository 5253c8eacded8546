import type { Clock } from '../../contracts.ts';
import type { Limits } from '../../limits.ts';
import { DelegationType, ShareAccess, ShareDeny } from '../constants/index.ts';
import type { Client } from './clients.ts';
import { type DelegationKind, DelegationState } from './delegations.ts';
import type { FileState, Files } from './files.ts';
import type { Marks } from './marks.ts';
import type { OpenState } from './opens.ts';
import type { Stateids } from './stateids.ts';

/** A file whose delegation was recalled gets none for so long: somebody shares it. */
const CONTENDED_MS = 30_000;
/** Files of which that is remembered, though nobody has them open; the oldest are forgotten first. */
const MAX_CONTENDED = 10_000;

export interface DelegationCounts {
  granted: number;
  recalled: number;
  returned: number;
  revoked: number;
}

/** Delegations: when they may be given, whom they stop, how they end. */
export class DelegationTable {
  readonly #clock: Clock;
  readonly #files: Files;
  readonly #stateids: Stateids;
  readonly #limits: Limits;
  readonly #recalled = new Set<DelegationState>();
  /** When a delegation of the file, by its key, was last recalled. */
  readonly #contendedSince = new Map<string, number>();
  readonly counts: DelegationCounts = { granted: 0, recalled: 0, returned: 0, revoked: 0 };
  readonly #marks: Marks;
  #count = 0;

  constructor(clock: Clock, files: Files, stateids: Stateids, limits: Limits, marks: Marks) {
    this.#marks = marks;
    this.#clock = clock;
    this.#files = files;
    this.#stateids = stateids;
    this.#limits = limits;
  }

  /** Those that are out. */
  get count(): number {
    return this.#count;
  }

  /**
   * May this open come with such a delegation? All others' opens and delegations decide, and the file's recent past unless `wanted` says so. Another
   * owner of the same client counts as another: a client may have two caches of one file (two mounts), and keep only one of them right.
   */
  mayGrant(open: OpenState, type: DelegationKind, wanted: boolean): boolean {
    const { client, file } = open;
    const full = client.delegations.size >= this.#limits.maxDelegationsPerClient;
    if (full || this.#count >= this.#limits.maxDelegations) return false;
    if (!wanted && this.#contended(file)) return false;
    for (const delegation of file.delegations) {
      if (delegation.client === client) return false;
      if (delegation.type === DelegationType.WRITE || type === DelegationType.WRITE) return false;
    }
    for (const other of file.opens) {
      if (other === open) continue;
      if (type === DelegationType.WRITE || (other.access & ShareAccess.WRITE) !== 0) return false;
      if ((other.deny & ShareDeny.READ) !== 0) return false;
    }
    return true;
  }

  grant(open: OpenState, type: DelegationKind, change: number): DelegationState {
    const delegation = new DelegationState(this.#stateids.allocate(), open, type, change);
    this.#marks.touch(delegation);
    this.counts.granted++;
    return this.restore(delegation);
  }

  /** Enters one, new or of an earlier run. */
  restore(delegation: DelegationState): DelegationState {
    const { client, file } = delegation;
    this.#stateids.add(delegation);
    file.delegations.add(delegation);
    client.delegations.add(delegation);
    this.#count++;
    return delegation;
  }

  /**
   * The delegations of others that stop `client` from reading the file (or, with `changes`, from changing it). With `ownerKey`, those of the
   * client's other open-owners are others' too.
   */
  conflicts(
    file: FileState | undefined,
    client: Client | undefined,
    changes: boolean,
    ownerKey?: string,
  ): DelegationState[] {
    if (file === undefined || file.delegations.size === 0) return [];
    const others = (d: DelegationState) =>
      d.client !== client || (ownerKey !== undefined && d.ownerKey !== ownerKey);
    return [...file.delegations].filter((d) => others(d) && (changes || d.type === DelegationType.WRITE));
  }

  /** Notes that it is asked back; false where it was before. */
  recall(delegation: DelegationState): boolean {
    if (delegation.recalledAt !== undefined) return false;
    const now = this.#clock.monotonic();
    delegation.recalledAt = now;
    this.#noteContended(delegation.file, now);
    this.#recalled.add(delegation);
    this.counts.recalled++;
    return true;
  }

  /** The client gave it back. */
  giveBack(delegation: DelegationState): void {
    this.counts.returned++;
    this.#remove(delegation);
    this.#forget(delegation);
  }

  /** Takes it away. Its stateid stays, so that the client is told what happened, until it frees that. */
  revoke(delegation: DelegationState): void {
    this.counts.revoked++;
    delegation.revoked = true;
    this.#marks.touch(delegation);
    delegation.client.revoked.add(delegation);
    this.#remove(delegation);
  }

  /** The client has taken note of a revoked one. */
  free(delegation: DelegationState): void {
    delegation.client.revoked.delete(delegation);
    this.#forget(delegation);
  }

  #forget(delegation: DelegationState): void {
    delegation.gone = true;
    this.#marks.touch(delegation);
    this.#stateids.delete(delegation);
  }

  /** One that an earlier run took away, and that its client has not freed. */
  restoreRevoked(delegation: DelegationState): void {
    delegation.revoked = true;
    delegation.client.revoked.add(delegation);
    this.#stateids.add(delegation);
  }

  /** Revokes what was asked back longer than `ms` ago. */
  revokeOverdue(ms: number): void {
    const now = this.#clock.monotonic();
    for (const delegation of [...this.#recalled]) {
      if (now - delegation.recalledAt! >= ms) this.revoke(delegation);
    }
  }

  /** All that a client has, gone with it. */
  dropAll(client: Client): void {
    for (const delegation of [...client.revoked]) this.free(delegation);
    for (const delegation of [...client.delegations]) {
      this.#remove(delegation);
      this.#forget(delegation);
    }
  }

  #noteContended(file: FileState, now: number): void {
    this.#contendedSince.delete(file.key);
    this.#contendedSince.set(file.key, now);
    if (this.#contendedSince.size <= MAX_CONTENDED) return;
    for (const oldest of this.#contendedSince.keys()) {
      this.#contendedSince.delete(oldest);
      break;
    }
  }

  #contended(file: FileState): boolean {
    const since = this.#contendedSince.get(file.key);
    if (since === undefined) return false;
    if (this.#clock.monotonic() - since < CONTENDED_MS) return true;
    this.#contendedSince.delete(file.key);
    return false;
  }

  #remove(delegation: DelegationState): void {
    delegation.file.delegations.delete(delegation);
    delegation.client.delegations.delete(delegation);
    this.#recalled.delete(delegation);
    this.#count--;
    this.#files.settle(delegation.file);
    delegation.end();
  }
}
