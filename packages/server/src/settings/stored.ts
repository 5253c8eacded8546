import type { AuditEntry } from '@dfs/api';
import { AuditEntry as AuditEntrySchema } from '@dfs/api';
import type { Records } from '@dfs/storage';
import { Check } from 'typebox/value';
import { damagedRecord, parseRecord } from '../daemon/kept-record.ts';
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
      const entry = parseRecord(value);
      if (!Check(AuditEntrySchema, entry)) throw damagedRecord(key);
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

  /**
   * Kept when this resolves, and taken by `apply` then; where it cannot be kept, or `apply` refuses it, all is as before. Values, version and audit
   * go into one batch: all or none survive a crash. One change at a time.
   */
  async change(
    values: NfsChanges,
    entry: Omit<AuditEntry, 'version'>,
    apply: () => void = () => undefined,
  ): Promise<void> {
    const version = this.#version + 1;
    const number = (this.#audit.at(-1)?.number ?? 0) + 1;
    const whole = { ...entry, version };
    const beyond = this.#audit.slice(0, Math.max(0, this.#audit.length + 1 - MAX_AUDIT_ENTRIES));
    this.#putSettings({ version, values });
    this.#putAudit(number, whole);
    for (const oldest of beyond) this.#records.delete(keyOf(oldest.number));
    try {
      await this.#records.stable();
      apply();
    } catch (error) {
      // What only waits for the disk would be kept although it was refused.
      this.#putSettings({ version: this.#version, values: this.#values });
      this.#records.delete(keyOf(number));
      for (const oldest of beyond) this.#putAudit(oldest.number, oldest.entry);
      // Where it was kept before it was refused, that is kept as well.
      await this.#records.stable().catch(() => {});
      throw error;
    }
    this.#version = version;
    this.#values = values;
    this.#audit.splice(0, beyond.length);
    this.#audit.push({ number, entry: whole });
  }

  #putSettings(record: SettingsRecord): void {
    this.#records.put(SETTINGS, Buffer.from(JSON.stringify(record)));
  }

  #putAudit(number: number, entry: AuditEntry): void {
    this.#records.put(keyOf(number), Buffer.from(JSON.stringify(entry)));
  }
}

const keyOf = (number: number) => AUDIT + String(number).padStart(DIGITS, '0');

function load(records: Records): SettingsRecord {
  const value = records.get(SETTINGS);
  if (value === undefined) return { version: 0, values: {} };
  const record = parseRecord(value);
  if (typeof record !== 'object' || record === null) throw damagedRecord(SETTINGS);
  const { version, values } = record as Partial<SettingsRecord>;
  if (!Number.isSafeInteger(version) || typeof values !== 'object' || values === null)
    throw damagedRecord(SETTINGS);
  const { changes, errors } = checkSettings(values);
  const [first] = errors;
  if (first !== undefined) throw damagedRecord(SETTINGS, `${first.field} ${first.message}`);
  return { version: version ?? 0, values: changes };
}
