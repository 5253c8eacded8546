import { SortedMap } from '../metadata/sorted-map.ts';
import type { Key } from '../metadata/store.ts';

/** A record in memory that changes often, and is encoded once for each batch, when that closes. */
export interface DirtyRecord {
  /** The batch that will write it; set by the log. */
  batch: Batch | undefined;
  /** Where that has it; set by the log. */
  place: number;
  /** Batches that have not been committed and hold it: while above 0 it must stay in memory. */
  unwritten: number;
  /** Its change is not in the journal yet; set by that. */
  isUnflushed: boolean;
  /** The store has it, or may: a batch was closed with it. Where not, its deletion changes nothing. */
  isStored: boolean;
  readonly key: Key;
  /** What to store now; undefined deletes. Where it has the length of `target` it may be written there, and is good until that is used again. */
  encode(target?: Buffer): Buffer | undefined;
}

/** Values above this are counted by their bytes as well. */
const LARGE_VALUE = 1024;

/** Effects that will be applied together. */
export class Batch {
  readonly changes = new Map<Key, Buffer | undefined>();
  /** Those of `changes` that range scans must find, in order. */
  readonly ordered = new SortedMap<Buffer | undefined>();
  readonly records: DirtyRecord[] = [];
  /** Told of the commit; those with `failed` of the first failure instead, and then no more. */
  readonly afterwards: { readonly committed: () => void; readonly failed?: (() => void) | undefined }[] = [];
  /** In the order of commits, across restarts. */
  readonly number: number;
  /** Somebody waits for it, or will. */
  urgent = false;
  /** It is to be committed as soon as that can be. */
  due = false;
  /** Units that are not whole yet: until they are, it neither leaves the process nor is committed. */
  holds = 0;
  /** Of the large values in `changes`, those that were replaced among them. */
  bytes = 0;
  /** How many times all holds were ended by force. */
  forced = 0;
  /** Somebody cannot go on before it is committed: it is held no more. */
  cannotBeHeld = false;
  /** Told when it is held no more. */
  readonly released: (() => void)[] = [];
  #isSealed = false;
  #done!: Promise<void>;
  #resolve!: () => void;
  #reject!: (error: Error) => void;

  constructor(number: number) {
    this.number = number;
    this.#renew();
  }

  /** Answers when it is committed, and rejects where that fails: who asks after that waits for the next try. */
  get done(): Promise<void> {
    return this.#done;
  }

  get isEmpty(): boolean {
    return this.changes.size === 0 && this.records.length === 0 && this.afterwards.length === 0;
  }

  touch(record: DirtyRecord): void {
    record.batch = this;
    record.place = this.records.push(record) - 1;
    record.unwritten++;
  }

  /** As if it had never been touched. */
  untouch(record: DirtyRecord): void {
    const last = this.records.pop();
    if (last !== undefined && last !== record) {
      this.records[record.place] = last;
      last.place = record.place;
    }
    record.batch = undefined;
    record.unwritten--;
  }

  set(key: Key, value: Buffer | undefined, isOrdered: boolean): void {
    this.changes.set(key, value);
    if (value !== undefined && value.length > LARGE_VALUE) this.bytes += value.length;
    if (isOrdered) this.ordered.set(key, value);
  }

  /** As if the key had never been set. */
  forget(key: Key, isOrdered: boolean): void {
    this.changes.delete(key);
    if (isOrdered) this.ordered.delete(key);
  }

  /** No more effects: writes the records as they are now. */
  seal(): void {
    if (this.#isSealed) return;
    this.#isSealed = true;
    for (const record of this.records) {
      const value = record.encode();
      record.batch = undefined;
      if (value === undefined && !record.isStored) continue;
      record.isStored = true;
      this.changes.set(record.key, value);
    }
  }

  committed(): void {
    for (const record of this.records) record.unwritten--;
    this.#resolve();
    for (const { committed } of this.afterwards) committed();
  }

  /** Who waits is told; the effects are kept, and may be committed later. */
  failed(error: Error): void {
    this.#reject(error);
    this.#renew();
    const told = this.afterwards.splice(0);
    for (const one of told) {
      if (one.failed === undefined) this.afterwards.push(one);
      else one.failed();
    }
  }

  #renew(): void {
    this.#done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever waits handles it; that nobody does is no fault.
    this.#done.catch(() => {});
  }
}
