import type { PathStep } from '@dfs/api/settings';
import type { SettingKey } from './settings.ts';

/** From the weakest to the strongest. */
export const SOURCES = ['default', 'file', 'environment', 'flag'] as const;
export type Source = (typeof SOURCES)[number];

/** A place in a source, for messages. */
export interface Place {
  readonly where: string;
  readonly excerpt?: string;
}

/** A value that a source gives to a key, not yet checked. */
export interface Assignment {
  readonly key: SettingKey;
  readonly input: unknown;
  readonly source: Exclude<Source, 'default'>;
  /** Where relative paths start. */
  readonly baseDirectory: string;
  /** Where the value, or the part of it at `path`, stands; with `atKey` the last step's name instead of what it holds. */
  place(path: readonly PathStep[], atKey: boolean): Place;
}
