import type { Clock, EventListener, StateStore } from '../../contracts.ts';
import type { Client } from './clients.ts';

/** What the records begin with of clients that may reclaim after a restart. */
export const CLIENT_RECORDS = 'client/';

/**
 * The grace period after a restart, and the records of clients that let it be safe (RFC 8881 §8.4.2.1): only who is on record may reclaim;
 * who did not finish by the end of grace loses the record, so that a later restart does not let them reclaim what others got since.
 */
export class Grace {
  readonly #clock: Clock;
  readonly #store: StateStore | undefined;
  readonly #emit: EventListener;
  #periodMs: number;
  /** Owners on record from before this start, who may still reclaim. */
  readonly #waiting = new Set<string>();
  /** Owners on record now. */
  readonly #recorded = new Set<string>();
  /** Owners who have reclaimed all they want. */
  readonly #finished = new Set<string>();
  #began = 0;
  #endsAt = 0;
  #active = false;
  #dirty = false;
  /** Counts what happened to those who may still reclaim. */
  changes = 0;

  constructor(clock: Clock, store: StateStore | undefined, emit: EventListener, periodMs: number) {
    this.#clock = clock;
    this.#store = store;
    this.#emit = emit;
    this.#periodMs = periodMs;
  }

  /** Who may still reclaim. */
  get waiting(): ReadonlySet<string> {
    return this.#waiting;
  }

  /**
   * Takes up the records of an earlier run; with any, grace begins. Where that run's state is there as it was, `stillWaiting` are those
   * who had a grace period under way.
   */
  start(records: Iterable<readonly [string, Buffer]>, stillWaiting?: ReadonlySet<string>): void {
    for (const [key] of records) {
      if (!key.startsWith(CLIENT_RECORDS)) continue;
      const owner = Buffer.from(key.slice(CLIENT_RECORDS.length), 'hex').toString('latin1');
      if (stillWaiting === undefined || stillWaiting.has(owner)) this.#waiting.add(owner);
      this.#recorded.add(owner);
    }
    if (this.#waiting.size === 0) return;
    this.#active = true;
    this.changes++;
    this.#began = this.#clock.monotonic();
    this.#endsAt = this.#began + this.#periodMs;
    this.#emit({ type: 'grace_started', seconds: this.#periodMs / 1000, clients: this.#waiting.size });
  }

  /** Of the grace that is under way, too. */
  setPeriod(ms: number): void {
    if (ms === this.#periodMs) return;
    this.#periodMs = ms;
    if (this.#active) this.#endsAt = this.#began + ms;
  }

  get active(): boolean {
    if (this.#active && this.#clock.monotonic() >= this.#endsAt) this.#end();
    return this.#active;
  }

  /** Records changed that are not stable yet. */
  get dirty(): boolean {
    return this.#dirty;
  }

  async stable(): Promise<void> {
    this.#dirty = false;
    await this.#store?.stable();
  }

  /** May the client take back what it held before the restart? */
  mayReclaim(client: Client): boolean {
    return this.active && !client.reclaimComplete && this.#waiting.has(client.ownerKey);
  }

  /** The client may hold state from now on: it must be found on record after a restart. */
  record(client: Client): void {
    if (this.#recorded.has(client.ownerKey)) return;
    this.#recorded.add(client.ownerKey);
    if (this.#store === undefined) return;
    this.#store.put(keyOf(client.ownerKey), Buffer.from(client.principal.uid.toString()));
    this.#dirty = true;
  }

  /** The client's state is gone, or about to go to somebody else: it may not reclaim. */
  forget(client: Client): void {
    if (this.#waiting.delete(client.ownerKey)) this.changes++;
    this.#forget(client.ownerKey);
  }

  #forget(ownerKey: string): void {
    if (!this.#recorded.delete(ownerKey) || this.#store === undefined) return;
    this.#store.delete(keyOf(ownerKey));
    this.#dirty = true;
  }

  /** The client has reclaimed all that it wants; when all have, nobody needs to wait any longer. */
  completed(client: Client): void {
    if (!this.#active) return;
    this.#finished.add(client.ownerKey);
    for (const owner of this.#waiting) if (!this.#finished.has(owner)) return;
    this.#end();
  }

  /** Reclaims go on: grace lasts a little longer, at most twice its length in all, so that a slow client can finish (§8.4.2). */
  extend(): void {
    const latest = this.#began + 2 * this.#periodMs;
    const wanted = this.#clock.monotonic() + Math.min(this.#periodMs, RECLAIM_PAUSE_MS);
    this.#endsAt = Math.min(latest, Math.max(this.#endsAt, wanted));
  }

  #end(): void {
    this.#active = false;
    // Not even one who came but did not finish: what it has not taken back others may get now, and after a further restart nothing would
    // tell that from what it holds (§8.4.3). Its RECLAIM_COMPLETE, if it comes after all, puts it on record again.
    for (const owner of this.#waiting) {
      if (!this.#finished.has(owner)) this.#forget(owner);
    }
    this.#waiting.clear();
    this.changes++;
    this.#finished.clear();
    this.#emit({ type: 'grace_ended' });
  }
}

/** How long grace waits for the next reclaim of a client that is at it. */
const RECLAIM_PAUSE_MS = 5000;

function keyOf(ownerKey: string): string {
  return CLIENT_RECORDS + Buffer.from(ownerKey, 'latin1').toString('hex');
}
