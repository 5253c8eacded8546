import type { ContentStore } from '../../src/content/store.ts';
import { toFsError } from '../../src/host/errors.ts';
import type { JournalPlace } from '../../src/journal/place.ts';
import type { Changes, MetadataStore } from '../../src/metadata/store.ts';

/** What a store is asked for that may fail. */
export type Call = 'read' | 'write' | 'sync' | 'commit' | 'journal';

/** Which calls fail at this moment, and with what. */
export class Faults {
  readonly #failing = new Map<Call, string>();
  /** Calls that have failed. */
  readonly failed: Record<Call, number> = { read: 0, write: 0, sync: 0, commit: 0, journal: 0 };
  /** Waited for by each commit and sync. */
  slowness: (() => Promise<void>) | undefined;

  fail(call: Call, code: string): void {
    this.#failing.set(call, code);
  }

  /** The cause is gone: of one kind of call, or of all. */
  heal(call?: Call): void {
    if (call === undefined) this.#failing.clear();
    else this.#failing.delete(call);
  }

  fails(call: Call): boolean {
    return this.#failing.has(call);
  }

  /** Throws as the host does where that call fails. */
  meet(call: Call): void {
    const code = this.#failing.get(call);
    if (code === undefined) return;
    this.failed[call]++;
    throw Object.assign(new Error(`${code}: injected, ${call}`), { code });
  }
}

const CONTENT_CALLS: Readonly<Record<string, readonly Call[]>> = {
  read: ['read'],
  write: ['write'],
  allocate: ['write'],
  sync: ['sync'],
  syncAll: ['sync'],
  recover: ['write', 'sync'],
};
/** What answers by a promise, fails by one. */
const ASYNC: ReadonlySet<string> = new Set(['sync', 'syncAll', 'recover', 'allocate']);

export function faultyContent<S extends ContentStore>(store: S, faults: Faults): S {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      // It tells of no failure, but leaves that to `read`.
      if (name === 'readIn')
        return (...args: unknown[]): unknown =>
          faults.fails('read') ? undefined : member.apply(target, args);
      const calls = CONTENT_CALLS[String(name)] ?? [];
      const call = (...args: unknown[]): unknown => {
        try {
          for (const kind of calls) faults.meet(kind);
        } catch (error) {
          throw toFsError(error);
        }
        return member.apply(target, args);
      };
      if (!ASYNC.has(String(name))) return call;
      return async (...args: unknown[]) => {
        if (name === 'sync') await faults.slowness?.();
        return await call(...args);
      };
    },
  });
}

export function faultyMetadata(store: MetadataStore, faults: Faults): MetadataStore {
  return {
    get: (key) => store.get(key),
    scan: (start, end, limit, reverse) => store.scan(start, end, limit, reverse),
    snapshot: () => store.snapshot(),
    async commit(changes: Changes) {
      await faults.slowness?.();
      faults.meet('commit');
      await store.commit(changes);
    },
    async recover() {
      faults.meet('commit');
      await store.recover?.();
    },
    close: () => store.close(),
  };
}

export function faultyPlace(place: JournalPlace, faults: Faults): JournalPlace {
  return {
    read: () => place.read(),
    draft(isSynced, mayReuse) {
      const file = place.draft(isSynced, mayReuse);
      const isUsed = file.isUsed === true;
      const append = (data: Buffer, length: number) => {
        faults.meet('journal');
        file.append(data, length);
      };
      const sync = async () => {
        await faults.slowness?.();
        faults.meet('journal');
        await file.sync();
      };
      return { isUsed, append, sync, close: () => file.close() };
    },
    adopt: () => place.adopt(),
    syncNames: () => place.syncNames(),
    retire: () => place.retire(),
    remove: () => place.remove(),
  };
}
