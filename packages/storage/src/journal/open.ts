import { randomBytes } from 'node:crypto';
import type { MetadataStore } from '../metadata/store.ts';
import { ID_BYTES, RUN_BYTES } from './header.ts';
import { Journal } from './journal.ts';
import { type Left, type LeftWhole, readLeft } from './left.ts';
import { decodeMark, encodeMark, MARK_KEY, type Mark, NO_JOURNAL } from './mark.ts';
import type { JournalPlace } from './place.ts';
import { type ContentOf, restoreContent } from './restore-content.ts';

export interface OpenJournalOptions {
  readonly place: JournalPlace;
  /** Undefined where the host does not tell: what was left is never taken for whole then. */
  readonly bootId: string | undefined;
  readonly minBytes: number;
  /** It is synced before anything is acknowledged. */
  readonly isSynced: boolean;
  readonly onLost: (error: Error) => void;
  readonly onFull: () => void;
  readonly makeRoom?: (error: unknown) => boolean;
  /** See {@link JournalOptions.settle}. */
  readonly contentBytes?: number;
  readonly settle?: () => Promise<() => void>;
  /** Where the content of shares lies. */
  readonly contentOf: ContentOf;
}

export interface OpenedJournal {
  readonly journal: Journal;
  /** What the last run left; undefined where that may not be whole. */
  readonly left: LeftWhole | undefined;
  readonly firstBatch: number;
}

/**
 * Brings to the content what only the journal of the last run may have of it, and commits what the metadata store lacks of that. Answers what that has left,
 * undefined where it is of no use.
 */
export async function recoverChanges(
  store: MetadataStore,
  place: JournalPlace,
  bootId: string | undefined,
  contentOf: ContentOf,
): Promise<Left | undefined> {
  const left = readLeft(place.read(), bootId, markOf(store));
  if (left !== undefined) {
    try {
      await restoreContent(store, left, contentOf);
    } catch (error) {
      // The host says once only that it has lost something: whoever tries again is not to take its word for it.
      try {
        place.retire();
      } catch {}
      throw error;
    }
  }
  if (left === undefined || left.changes.size === 0) return left;
  const { batch, whole } = left;
  // What is not whole is not to be looked at again.
  const { id, frame } = whole ?? { id: NO_JOURNAL, frame: 0 };
  await store.commit(new Map([...left.changes, [MARK_KEY, encodeMark({ batch, id, frame })]]));
  return left;
}

/** Takes up the journal of the last run, or begins one where there is none, or none that can be relied on. */
export async function openJournal(store: MetadataStore, options: OpenJournalOptions): Promise<OpenedJournal> {
  const { place, bootId, minBytes, isSynced, onLost, onFull, makeRoom, contentBytes, settle, contentOf } =
    options;
  const recovered = await recoverChanges(store, place, bootId, contentOf);
  const left = recovered?.whole;
  const batch = Math.max(recovered?.batch ?? 0, markOf(store)?.batch ?? 0);
  const id = left?.id ?? randomBytes(ID_BYTES);
  const frame = left?.frame ?? 0;
  // From here on no other journal is taken for this store's.
  if (left === undefined) await store.commit(new Map([[MARK_KEY, encodeMark({ batch, id, frame })]]));
  const journal = new Journal({
    place,
    header: { bootId: bootId ?? '', id, run: randomBytes(RUN_BYTES), isSynced },
    records: left?.records ?? new Map(),
    frame,
    minBytes,
    onLost,
    onFull,
    ...(makeRoom !== undefined && { makeRoom }),
    ...(contentBytes !== undefined && { contentBytes }),
    ...(settle !== undefined && { settle }),
  });
  return { journal, left, firstBatch: batch + 1 };
}

function markOf(store: MetadataStore): Mark | undefined {
  const stored = store.get(MARK_KEY);
  return stored === undefined ? undefined : decodeMark(stored);
}
