import type { ApiKind, Kind } from './kind.ts';

/** When a changed value counts. */
export type Applies = 'now' | 'new sessions' | 'restart';

/** "Applies: ...", in words. */
export const APPLIES_TEXT: Readonly<Record<Applies, string>> = {
  now: 'at once',
  'new sessions': 'to new sessions',
  restart: 'at the next start',
};

/** One row of the settings table: everything that the checks, the flags and the documentation need. */
export interface Setting<T> {
  readonly kind: Kind<T>;
  readonly default: T;
  /** For a default that is worked out at the start: what it is, in words. */
  readonly defaultText?: string;
  readonly applies: Applies;
  /** One or two sentences, for the documentation and --help. */
  readonly description: string;
}

export type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** Fixes T by the kind, so that a default of another type is refused by the compiler. */
export function setting<T>(row: Setting<T>): Setting<T> {
  return row;
}

/** A setting that the management API has. */
export interface ApiSetting<T> extends Setting<T> {
  readonly kind: ApiKind<T>;
  /** Where nobody has set it, it has the value of this setting instead of its default. */
  readonly follows?: string;
}

export function apiSetting<T>(row: ApiSetting<T>): ApiSetting<T> {
  return row;
}
