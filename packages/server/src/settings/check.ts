import {
  isNfsSettingKey,
  NFS_SETTING_KEYS,
  type NfsSettingKey,
  type NfsSettingValues,
  nfsSettingOf,
  SettingError,
  suggest,
} from '@dfs/api/settings';
import { Check } from 'typebox/value';
import type { FieldError } from '../rest/refusal.ts';

export type NfsChanges = Partial<NfsSettingValues>;

/** What is wrong with settings that came as JSON: each field that is, by its name. Values are right where none is. */
export function checkSettings(input: Readonly<Record<string, unknown>>): {
  readonly changes: NfsChanges;
  readonly errors: readonly FieldError[];
} {
  const errors: FieldError[] = [];
  const changes: Partial<Record<NfsSettingKey, unknown>> = {};
  for (const [field, value] of Object.entries(input)) {
    if (!isNfsSettingKey(field)) errors.push({ field, message: unknownSetting(field) });
    else {
      const message = wrong(field, value);
      if (message === undefined) changes[field] = value;
      else errors.push({ field, message });
    }
  }
  // Each value was checked by the row of its own key.
  return { changes: changes as NfsChanges, errors };
}

/** Those that a whole set of settings would need besides. */
export function missingSettings(changes: NfsChanges): FieldError[] {
  return NFS_SETTING_KEYS.filter((key) => !Object.hasOwn(changes, key)).map((field) => ({
    field,
    message: 'is missing (PUT sets all settings)',
  }));
}

/** What only several settings together get wrong. */
export function clashingSettings(values: NfsSettingValues): FieldError[] {
  if (values.v4_min_minor_version <= values.v4_max_minor_version) return [];
  return ['v4_min_minor_version', 'v4_max_minor_version'].map((field) => ({
    field,
    message: 'v4_min_minor_version is above v4_max_minor_version: no version would be left',
  }));
}

export function unknownSetting(name: string): string {
  const meant = suggest(name, NFS_SETTING_KEYS);
  return meant === undefined ? 'is not a setting' : `is not a setting: did you mean ${meant}?`;
}

function wrong(key: NfsSettingKey, value: unknown): string | undefined {
  const { kind } = nfsSettingOf(key);
  try {
    kind.parse(value);
  } catch (error) {
    if (error instanceof SettingError) return error.message;
    throw error;
  }
  // The kind takes text as well ("1MiB"), which is for files and flags; JSON has types of its own.
  return Check(kind.schema, value) ? undefined : `must be a JSON ${kind.schema.type}: ${kind.allowed}`;
}
