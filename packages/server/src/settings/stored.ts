import type { AuditEntry } from '@dfs/api';
import { AuditEntry as AuditEntrySchema } from '@dfs/api';
import type { Records } from '@dfs/storage';
import { Check } from 'typebox/value';
import { StartError } from '../daemon/start-error.ts';
import { checkSettings, type NfsChanges } from './check.ts';

/** Changes that are remembered; the oldest go. */
export const MAX_AUDIT_ENTRIES = 1000;

const SETTINGS = 'settings/nfs';
const AUDIT = 'audit/nfs/';
/** Keys sort as their numbers do. */
const DIGITS = 12;

interface SettingsRecord {
  readonly version: number;
  readonly values: NfsChanges;
}

/** What the API has set, and who changed what, in the data directory. */
export class StoredSettings {
  readonly #records: Records;
  #version: number;
  #values: NfsChanges;
  readonly #audit: { readonly number: number; readonly entry: AuditEntry }[] = [];

  constructor(records: Records) {
    this.#records = records;
    const { version, values } = load(records);
    this.#version = version;
    this.#values = values;
    for (const [key, value] of records.list(AUDIT)) {
      const entry = parseJson(value);
      if (!Check(AuditEntrySchema, entry)) throw damaged(key);
      this.#audit.push({ number: Number(key.slice(AUDIT.length)), entry });
    }
  }

  get version(): number {
    return this.#version;
  }

  get values(): NfsChanges {
    return this.#values;
  }

  /** The latest first. */
  audit(limit: number): AuditEntry[] {
    return this.#audit
      .slice(-limit)
      .reverse()
      .map(({ entry }) => entry);
  }

  /** Takes effect at once, and is kept when this resolves. Values, version and audit go into one batch: all or none survive a crash. */
  async change(values: NfsChanges, entry: Omit<AuditEntry, 'version'>): Promise<void> {
    this.#version++;
    this.#values = values;
    const record: SettingsRecord = { version: this.#version, values };
    this.#records.put(SETTINGS, Buffer.from(JSON.stringify(record)));
    const number = (this.#audit.at(-1)?.number ?? 0) + 1;
    const whole = { ...entry, version: this.#version };
    this.#audit.push({ number, entry: whole });
    this.#records.put(keyOf(number), Buffer.from(JSON.stringify(whole)));
    while (this.#audit.length > MAX_AUDIT_ENTRIES) {
      const oldest = this.#audit.shift();
      if (oldest !== undefined) this.#records.delete(keyOf(oldest.number));
    }
    await this.#records.stable();
  }
}

const keyOf = (number: number) => AUDIT + String(number).padStart(DIGITS, '0');

function load(records: Records): SettingsRecord {
  const value = records.get(SETTINGS);
  if (value === undefined) return { version: 0, values: {} };
  const record = parseJson(value);
  if (typeof record !== 'object' || record === null) throw damaged(SETTINGS);
  const { version, values } = record as Partial<SettingsRecord>;
  if (!Number.isSafeInteger(version) || typeof values !== 'object' || values === null)
    throw damaged(SETTINGS);
  const { changes, errors } = checkSettings(values);
  const [first] = errors;
  if (first !== undefined) throw damaged(SETTINGS, `${first.field} ${first.message}`);
  return { version: version ?? 0, values: changes };
}

function parseJson(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    return undefined;
  }
}

function damaged(key: string, reason?: string): StartError {
  return new StartError(
    `the record ${key} of the data directory cannot be understood${reason === undefined ? '' : `: ${reason}`}`,
    'it is damaged, or was written by a newer dfs: start that version, or restore the directory from a backup',
  );
}
