import { isIP } from 'node:net';
import {
  boolean,
  bytes,
  choice,
  integer,
  type Kind,
  listed,
  quote,
  SettingError,
  suggest,
} from '@dfs/api/settings';
import type { SquashMode } from '@dfs/nfs';

/** A share as the configuration asks for it: exactly these terms, for as long as it says so. */
export interface ShareSpec {
  readonly path: string;
  readonly squash: SquashMode;
  readonly readOnly: boolean;
  /** Everybody where empty. */
  readonly clients: readonly string[];
  readonly anonymousUid: number;
  readonly anonymousGid: number;
  readonly privilegedPort: boolean;
  /** Delegations of its files are granted, where they are at all. */
  readonly delegations: boolean;
  /** The most that it may hold; 0 where nothing but the disk bounds it. */
  readonly quotaBytes: number;
  readonly quotaFiles: number;
}

/** Shares of one server, networks of one share, bytes of one path: the most there may be. */
export const MAX_SHARES = 1024;
export const MAX_SHARE_CLIENTS = 1024;
const MAX_PATH_BYTES = 1024;
const MAX_NAME_BYTES = 255;

const NOBODY = 65_534;
const MAX_ID = 2 ** 32 - 2;

export const DEFAULT_TERMS: Omit<ShareSpec, 'path'> = Object.freeze({
  squash: 'root',
  readOnly: false,
  clients: [],
  anonymousUid: NOBODY,
  anonymousGid: NOBODY,
  privilegedPort: false,
  delegations: true,
  quotaBytes: 0,
  quotaFiles: 0,
});

/** "export" and "/export/" are "/export". */
export function sharePath(input: unknown): string {
  if (typeof input !== 'string')
    throw new SettingError(`${quote(input)} is not a share's path (put it in quotes)`);
  const parts = input.split('/').filter((part) => part !== '');
  if (parts.length === 0) {
    throw new SettingError(
      `${quote(input)} cannot be a share: "/" is where all shares are joined. Write "/export"`,
    );
  }
  for (const part of parts) {
    const bad =
      part === '.' || part === '..' || part.includes('\0') || Buffer.byteLength(part) > MAX_NAME_BYTES;
    if (bad) throw new SettingError(`${quote(input)} has the part ${quote(part)}, which cannot be a name`);
  }
  const result = `/${parts.join('/')}`;
  if (Buffer.byteLength(result) > MAX_PATH_BYTES) {
    throw new SettingError(`the path has more than ${MAX_PATH_BYTES} bytes`);
  }
  return result;
}

/** "10.0.0.0/8", "192.168.1.7", "fd00::/8". */
export function clientNetwork(input: unknown): string {
  if (typeof input !== 'string') throw new SettingError(`${quote(input)} is not an address or network`);
  const [address = '', prefix, ...more] = input.split('/');
  const family = isIP(address);
  const longest = family === 6 ? 128 : 32;
  const prefixFits = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= longest);
  if (family === 0 || more.length > 0 || !prefixFits) {
    throw new SettingError(
      `${quote(input)} is not an address or network such as 192.168.1.7, 10.0.0.0/8 or fd00::/8`,
    );
  }
  return input;
}

type MutableTerms = { -readonly [K in keyof ShareSpec]: ShareSpec[K] };

/** One term as an option of the flag, and as a member of the map in the file. */
interface Option {
  /** Throws a {@link SettingError}. */
  apply(terms: MutableTerms, input: unknown): void;
  shown(spec: ShareSpec): string | number | boolean | readonly string[];
  /** Means yes where the flag names it without a value. */
  readonly isSwitch?: boolean;
}

type Term = Exclude<keyof ShareSpec, 'path' | 'clients'>;

function option<K extends Term>(term: K, kind: Pick<Kind<ShareSpec[K]>, 'parse'>): Option {
  return {
    apply: (terms, input) => {
      terms[term] = kind.parse(input);
    },
    shown: (spec) => spec[term],
  };
}

const flagKind = boolean();

function flag(term: 'readOnly' | 'privilegedPort' | 'delegations'): Option {
  return { ...option(term, flagKind), isSwitch: true };
}

/** Each adds to those before. */
const clients: Option = {
  apply: (terms, input) => {
    terms.clients = [...terms.clients, ...networks(input)];
    if (terms.clients.length > MAX_SHARE_CLIENTS)
      throw new SettingError(`more than ${MAX_SHARE_CLIENTS} networks`);
  },
  shown: (spec) => spec.clients,
};

const idKind = integer(0, MAX_ID);

/** By their names, in the order in which they are shown. */
const OPTIONS: ReadonlyMap<string, Option> = new Map([
  ['squash', option('squash', choice(['root', 'all', 'none']))],
  ['ro', flag('readOnly')],
  ['clients', clients],
  ['anon_uid', option('anonymousUid', idKind)],
  ['anon_gid', option('anonymousGid', idKind)],
  ['privileged_port', flag('privilegedPort')],
  ['delegations', flag('delegations')],
  ['quota_bytes', option('quotaBytes', bytes(0, Number.MAX_SAFE_INTEGER))],
  ['quota_files', option('quotaFiles', integer(0, Number.MAX_SAFE_INTEGER))],
]);

function networks(input: unknown): string[] {
  if (!Array.isArray(input)) return [clientNetwork(input)];
  return input.map((item: unknown, index) => placed(index, () => clientNetwork(item)));
}

function placed<T>(step: string | number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof SettingError ? error.within(step) : error;
  }
}

function optionNamed(name: string): Option {
  const found = OPTIONS.get(name);
  if (found !== undefined) return found;
  const known = [...OPTIONS.keys()];
  const meant = suggest(name, [...known, 'path']);
  const advice = meant === undefined ? `known are ${listed(known, 'and')}` : `did you mean ${meant}?`;
  throw new SettingError(`${quote(name)} is not an option of a share: ${advice}`, [], true);
}

/** NAME[,squash=none|root|all][,ro][,clients=CIDR]...: the form of the flag. A flag given twice is a slip; clients add up. */
export function parseShareText(text: string): ShareSpec {
  const [name = '', ...options] = text.split(',');
  const terms: MutableTerms = { ...DEFAULT_TERMS, path: sharePath(name) };
  const seen = new Set<string>();
  for (const item of options) {
    const equals = item.indexOf('=');
    const key = equals < 0 ? item : item.slice(0, equals);
    const named = optionNamed(key);
    if (named !== clients && seen.has(key)) throw new SettingError(`${key} is there twice`);
    seen.add(key);
    if (equals < 0 && named.isSwitch !== true) throw new SettingError(`${key} needs a value: ${key}=...`);
    named.apply(terms, equals < 0 ? true : item.slice(equals + 1));
  }
  return terms;
}

/** A share in the file: the text of the flag, or a map with "path" and any of the options. */
function parseShare(input: unknown): ShareSpec {
  if (typeof input === 'string') return parseShareText(input);
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new SettingError(
      `${quote(input)} is not a share: write "/export" or a map with path, squash, ro ...`,
    );
  }
  const { path, ...options } = input as Record<string, unknown>;
  if (path === undefined) throw new SettingError('a share needs a "path", such as /export');
  const terms: MutableTerms = { ...DEFAULT_TERMS, path: placed('path', () => sharePath(path)) };
  for (const [name, value] of Object.entries(options)) {
    placed(name, () => optionNamed(name).apply(terms, value));
  }
  return terms;
}

/** A list of shares; as text, with white space or ";" between them. */
export const sharesKind: Kind<readonly ShareSpec[]> = {
  allowed: 'a list of shares: NAME[,squash=none|root|all][,ro][,clients=CIDR]... or maps',
  parse(input) {
    const items = typeof input === 'string' ? input.split(/[\s;]+/).filter((item) => item !== '') : input;
    if (!Array.isArray(items)) throw new SettingError(`${quote(input)} is not a list of shares`);
    if (items.length > MAX_SHARES) throw new SettingError(`more than ${MAX_SHARES} shares`);
    const specs: ShareSpec[] = [];
    for (const [index, item] of items.entries()) {
      placed(index, () => {
        const spec = parseShare(item);
        const clash = specs.find((other) => clashes(other.path, spec.path));
        if (clash !== undefined) throw new SettingError(clashMessage(clash.path, spec.path));
        specs.push(spec);
      });
    }
    return specs;
  },
  show: (value) => value.map(showShare),
};

/** Two shares at one path, or one inside the other, where the outer would hide the inner. */
export function clashes(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

export function clashMessage(a: string, b: string): string {
  return a === b ? `the share ${b} is there twice` : `the shares ${a} and ${b} lie one inside the other`;
}

function showShare(spec: ShareSpec): { [key: string]: string | number | boolean | readonly string[] } {
  const options = [...OPTIONS].map(([name, { shown }]) => [name, shown(spec)] as const);
  return { path: spec.path, ...Object.fromEntries(options) };
}
