import type { StateJournal } from '../../src/contracts.ts';
import { MemoryStateStore } from './fakes.ts';

type Unit = readonly (readonly [key: string, value: Buffer | undefined])[];

/** A StateJournal that a test keeps across servers: what was flushed is what the next one finds. */
export class MemoryJournal implements StateJournal {
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

  append(unit: Iterable<readonly [string, Buffer | undefined]>, _changesFiles: boolean): void {
    this.#pending.push([...unit]);
    this.units++;
  }

  flush(): void {
    this.flushes++;
    if (this.fails) throw new Error('the journal cannot be written');
    for (const unit of this.#pending) {
      for (const [key, value] of unit) {
        if (value === undefined) this.#kept.delete(key);
        else this.#kept.set(key, value);
      }
    }
    this.#pending = [];
  }

  /** What the killed server leaves: only what was flushed. */
  killed(): MemoryJournal {
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
