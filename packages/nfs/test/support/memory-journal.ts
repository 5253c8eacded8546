import type { RecordSink, RecordSource, StateJournal } from '../../src/contracts.ts';
import { decodeSlot } from '../../src/nfs4/persist/slot-codec.ts';
import { XdrReader, XdrWriter } from '../../src/xdr/index.ts';
import { MemoryStateStore } from './fakes.ts';

type Unit = readonly (readonly [key: string, value: Buffer | undefined])[];

/** With more records than that, the journal is written anew only now and then. */
const MANY = 200;
const SELDOM = 50;

/** The records of a unit. */
class MemorySink implements RecordSink {
  readonly #records: (readonly [key: string, value: XdrWriter | undefined])[] = [];

  put(kind: string, number: number, part: number): XdrWriter {
    const value = new XdrWriter();
    this.#records.push([keyOf(kind, number, part), value]);
    return value;
  }

  delete(kind: string, number: number, part: number): void {
    this.#records.push([keyOf(kind, number, part), undefined]);
  }

  changes(): Unit {
    return this.#records.map(([key, value]) => [key, value && Buffer.from(value.bytes())] as const);
  }
}

const keyOf = (kind: string, ...numbers: number[]): string =>
  [kind, ...numbers.filter((number) => number >= 0)].join('/');

/** Says the record as it is now no less than the one that was appended? A slot may have gone on with what changes nothing. */
function agree(key: string, appended: Buffer, now: Buffer): boolean {
  if (appended.equals(now)) return true;
  if (!key.startsWith('r/')) return false;
  const [before, after] = [appended, now].map((value) => decodeSlot(new XdrReader(value)));
  const ahead = (after!.sequenceId - before!.sequenceId) >>> 0;
  return after!.reply === undefined && after!.digest === 0 && ahead < 2 ** 31;
}

/**
 * A StateJournal that a test keeps across servers: the next one finds what was flushed, as it was when all was written anew, which is as often
 * as can be.
 */
export class MemoryJournal implements StateJournal {
  #source: RecordSource | undefined;
  #unit = new MemorySink();
  /** Where what the engine had was not what it had appended. */
  readonly faults: string[] = [];
  #started = false;
  #kept = new Map<string, Buffer>();
  #pending: Unit[] = [];
  flushes = 0;
  units = 0;
  isWhole = true;
  /** Nothing can be written. */
  fails = false;

  /** Records are copies, as if from a file: nothing of the killed server's memory is seen by the next. */
  load(): Iterable<readonly [string, Buffer]> | undefined {
    this.#pending = [];
    if (!this.#started) {
      this.#started = true;
      return undefined;
    }
    return [...this.#kept].map(([key, value]) => [key, Buffer.from(value)] as const);
  }

  keep(source: RecordSource): void {
    this.#source = source;
  }

  begin(_changesFiles: boolean): RecordSink {
    this.#unit = new MemorySink();
    return this.#unit;
  }

  end(): boolean {
    const changes = this.#unit.changes();
    if (changes.length === 0) return false;
    this.#pending.push(changes);
    this.units++;
    return true;
  }

  flush(): void {
    this.flushes++;
    if (this.fails) throw new Error('the journal cannot be written');
    this.#apply();
    if (this.#kept.size < MANY || this.flushes % SELDOM === 0) this.#writeAnew();
  }

  #apply(): void {
    for (const unit of this.#pending) {
      for (const [key, value] of unit) {
        if (value === undefined) this.#kept.delete(key);
        else this.#kept.set(key, value);
      }
    }
    this.#pending = [];
  }

  /** What the engine has is what was appended. */
  #writeAnew(): void {
    const source = this.#source;
    if (source === undefined) throw new Error('nobody keeps the records');
    source.sweep();
    this.#apply();
    const sink = new MemorySink();
    for (const steps = source.write(sink); steps.next().done !== true; );
    const records = new Map<string, Buffer>();
    for (const [key, value] of sink.changes()) if (value !== undefined) records.set(key, value);
    this.#compare(records);
    this.#kept = records;
  }

  #compare(records: ReadonlyMap<string, Buffer>): void {
    for (const key of new Set([...records.keys(), ...this.#kept.keys()])) {
      const [appended, now] = [this.#kept.get(key), records.get(key)];
      const isSame = appended !== undefined && now !== undefined && agree(key, appended, now);
      if (!isSame) this.faults.push(`${key}: ${appended?.toString('hex')} became ${now?.toString('hex')}`);
    }
  }

  /** What the killed server leaves: only what was flushed. */
  killed(): MemoryJournal {
    if (this.faults.length > 0) throw new Error(this.faults.join('\n'));
    const copy = new MemoryJournal();
    copy.#started = true;
    copy.#kept = new Map([...this.#kept].map(([key, value]) => [key, Buffer.from(value)]));
    return copy;
  }

  keys(prefix = ''): string[] {
    return [...this.#kept.keys()].filter((key) => key.startsWith(prefix));
  }

  set(key: string, value: Buffer): void {
    this.#kept.set(key, value);
  }

  get(key: string): Buffer | undefined {
    return this.#kept.get(key);
  }
}

/** A StateStore with a journal beside it. */
export class JournaledStore extends MemoryStateStore {
  journal: MemoryJournal = new MemoryJournal();

  /** As the next server finds it after kill -9. */
  killed(): JournaledStore {
    const copy = new JournaledStore();
    for (const [key, value] of this.records) copy.put(key, value);
    copy.stable();
    copy.journal = this.journal.killed();
    return copy;
  }
}
