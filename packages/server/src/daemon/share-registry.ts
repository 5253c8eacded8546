import { SettingError } from '@dfs/api/settings';
import type { Records } from '@dfs/storage';
import { clashes, clashMessage, DEFAULT_TERMS, type ShareSpec, sharesKind } from '../config/share-spec.ts';
import { damagedRecord, parseRecord } from './kept-record.ts';
import { StartError } from './start-error.ts';

/** Who set a share's terms: nobody, this start's configuration, or an earlier start's. */
export type ShareOrigin = 'default' | 'configuration' | 'data';

export interface RegisteredShare extends ShareSpec {
  /** Part of every file handle: never given to another share. */
  readonly id: number;
  readonly origin: ShareOrigin;
}

export interface RegistryInputs {
  /** What file, environment and flags ask for. */
  readonly declared: readonly ShareSpec[];
  /** The share of a data directory that has none, when none is asked for. */
  readonly fallback: ShareSpec;
}

/** As it is kept: the terms are missing for the default share, which are worked out anew at each start. */
interface ShareRecord {
  readonly id: number;
  readonly path: string;
  readonly terms: unknown;
}

const PREFIX = 'share/';
/** Shares that were deleted and whose data is kept: their path, by id. */
const KEPT_PREFIX = 'kept-share/';
const NEXT_ID = 'next-share-id';
const FIRST_ID = 1;
const MAX_ID = 2 ** 32 - 1;
/** Keys sort as their numbers do. */
const ID_DIGITS = 10;

/**
 * The shares to serve, from what the data directory holds and what the configuration asks for. Those asked for are made where they are
 * missing and get exactly the terms asked for; the others keep theirs. What changed is kept before this resolves.
 */
export async function reconcileShares(records: Records, inputs: RegistryInputs): Promise<RegisteredShare[]> {
  const stored = loadRecords(records);
  let nextId = loadNextId(records, stored);
  const result = new Map<string, RegisteredShare>();
  for (const record of stored) result.set(record.path, fromRecord(record, inputs.fallback));
  // A directory whose shares were all deleted is not new: they do not come back by themselves.
  const isNew = records.get(NEXT_ID) === undefined && inputs.declared.length === 0;
  for (const spec of isNew ? [inputs.fallback] : inputs.declared) {
    refuseClash(spec, result.keys());
    const id = result.get(spec.path)?.id ?? keptId(records, spec.path) ?? nextId++;
    if (id > MAX_ID) throw new StartError('no share ids are left', 'use another data directory');
    const share: RegisteredShare = { ...spec, id, origin: isNew ? 'default' : 'configuration' };
    result.set(spec.path, share);
    putShare(records, share);
  }
  records.put(NEXT_ID, Buffer.from(String(nextId)));
  await records.stable();
  return [...result.values()].sort((a, b) => a.id - b.id);
}

function refuseClash(spec: ShareSpec, present: Iterable<string>): void {
  const other = [...present].find((path) => path !== spec.path && clashes(path, spec.path));
  if (other === undefined) return;
  throw new StartError(
    clashMessage(other, spec.path),
    `${other} is in the data directory already: choose another path for ${spec.path}`,
  );
}

const keyOf = (id: number) => `${PREFIX}${String(id).padStart(ID_DIGITS, '0')}`;
const keptKeyOf = (id: number) => `${KEPT_PREFIX}${String(id).padStart(ID_DIGITS, '0')}`;

/** Kept when the records' `stable` answers, as what follows. A share that was deleted is so no more. */
export function putShare(records: Records, share: RegisteredShare): void {
  forgetShare(records, share.id);
  records.put(keyOf(share.id), encode(share));
}

/** The share is no longer served. Until {@link forgetShare}, a share of the same path gets its id, and so its data, again. */
export function dropShare(records: Records, share: RegisteredShare): void {
  records.delete(keyOf(share.id));
  records.put(keptKeyOf(share.id), Buffer.from(share.path));
}

/** Of a deleted share, nothing is kept any more. */
export function forgetShare(records: Records, id: number): void {
  if (records.get(keptKeyOf(id)) !== undefined) records.delete(keptKeyOf(id));
}

/** The id of a deleted share of this path whose data is kept. */
export function keptId(records: Records, path: string): number | undefined {
  for (const [key, value] of records.list(KEPT_PREFIX)) {
    if (value.toString('utf8') === path) return Number(key.slice(KEPT_PREFIX.length));
  }
  return undefined;
}

/** An id that no share has had; undefined where none is left. */
export function takeNextId(records: Records): number | undefined {
  const nextId = loadNextId(records, loadRecords(records));
  if (nextId > MAX_ID) return undefined;
  records.put(NEXT_ID, Buffer.from(String(nextId + 1)));
  return nextId;
}

function encode(share: RegisteredShare): Buffer {
  const terms = share.origin === 'default' ? null : sharesKind.show([share]);
  const record: ShareRecord = { id: share.id, path: share.path, terms };
  return Buffer.from(JSON.stringify(record));
}

function loadRecords(records: Records): ShareRecord[] {
  return [...records.list(PREFIX)].map(([key, value]) => {
    const record = parseRecord(value);
    if (!isRecord(record)) throw damagedRecord(key);
    return record;
  });
}

function isRecord(value: unknown): value is ShareRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { id, path, terms } = value as Partial<ShareRecord>;
  return Number.isSafeInteger(id) && typeof path === 'string' && terms !== undefined;
}

function fromRecord(record: ShareRecord, fallback: ShareSpec): RegisteredShare {
  if (record.terms === null) return { ...fallback, path: record.path, id: record.id, origin: 'default' };
  try {
    const [terms] = sharesKind.parse(record.terms);
    if (terms === undefined) throw new SettingError('no terms');
    return { ...DEFAULT_TERMS, ...terms, path: record.path, id: record.id, origin: 'data' };
  } catch (error) {
    throw error instanceof SettingError ? damagedRecord(keyOf(record.id), undefined, error) : error;
  }
}

function loadNextId(records: Records, stored: readonly ShareRecord[]): number {
  const value = records.get(NEXT_ID);
  const kept = value === undefined ? FIRST_ID : parseRecord(value);
  if (typeof kept !== 'number' || !Number.isSafeInteger(kept)) throw damagedRecord(NEXT_ID);
  return Math.max(kept, ...stored.map((record) => record.id + 1));
}
