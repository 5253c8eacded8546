import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Environment, homeDirectory } from '@dfs/api/places';
import { parse, stringify } from 'yaml';
import { UsageError } from '../usage-error.ts';

/** A server that has a name here: its address with what opens it, or its socket. */
export interface Context {
  readonly server?: string;
  readonly socket?: string;
  readonly token?: string;
  /** A file with the certificates that the server's must come from. */
  readonly ca?: string;
}

export interface Contexts {
  /** The one that is used when none is named; undefined: the server of this machine. */
  readonly current: string | undefined;
  readonly contexts: ReadonlyMap<string, Context>;
}

/** Stands for no context: the server of this machine. */
export const LOCAL = 'local';

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_CONTEXTS = 1000;
const OWNER_ONLY = 0o600;
const OWNER_ONLY_FOLDER = 0o700;
const OTHERS = 0o077;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const FIELDS = ['server', 'socket', 'token', 'ca'] as const;
const NONE: Contexts = { current: undefined, contexts: new Map() };

/** Where contexts are kept: contexts.yaml in dfs's configuration folder. */
export function contextsFile(env: Environment): string {
  const xdg = env['XDG_CONFIG_HOME'] ?? '';
  const base = path.isAbsolute(xdg) ? xdg : path.join(homeDirectory(env), '.config');
  return path.join(base, 'dfs', 'contexts.yaml');
}

export function checkName(name: string): string {
  if (!NAME.test(name)) {
    throw new UsageError(`${JSON.stringify(name)} is no name for a context: letters, digits, dots, - and _`);
  }
  if (name === LOCAL) throw new UsageError(`"${LOCAL}" is the server of this machine: choose another name`);
  return name;
}

/** None where there is no file. Throws a {@link UsageError} for one that cannot be understood. */
export function readContexts(env: Environment): Contexts {
  const file = contextsFile(env);
  const text = readIfThere(file);
  if (text === undefined) return NONE;
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw new UsageError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return asContexts(value ?? {}, file);
}

/** True where others than the owner may read the file, and so the tokens in it. */
export function isOpenToOthers(env: Environment): boolean {
  const stat = statSync(contextsFile(env), { throwIfNoEntry: false });
  return stat !== undefined && (stat.mode & OTHERS) !== 0;
}

/** Replaces the file as a whole: a reader sees the old one or the new one. Only its owner may read it. */
export function writeContexts(env: Environment, { current, contexts }: Contexts): void {
  const file = contextsFile(env);
  const temporary = `${file}.${process.pid}`;
  const value = { ...(current !== undefined && { current }), contexts: Object.fromEntries(contexts) };
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: OWNER_ONLY_FOLDER });
    writeFileSync(temporary, stringify(value), { mode: OWNER_ONLY });
    // One that was left behind keeps its mode when it is written to.
    chmodSync(temporary, OWNER_ONLY);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new UsageError(`cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readIfThere(file: string): string | undefined {
  try {
    if (statSync(file).size > MAX_FILE_BYTES)
      throw new UsageError(`${file} is too long to be a list of contexts`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function asContexts(value: unknown, file: string): Contexts {
  if (!isMap(value)) throw new UsageError(`${file}: is not a map`);
  const listed = value['contexts'] ?? {};
  if (!isMap(listed)) throw new UsageError(`${file}: contexts is not a map`);
  const entries = Object.entries(listed);
  if (entries.length > MAX_CONTEXTS) throw new UsageError(`${file}: more than ${MAX_CONTEXTS} contexts`);
  const contexts = new Map(entries.map(([name, context]) => [name, asContext(context, name, file)]));
  const current = value['current'] ?? undefined;
  if (current !== undefined && (typeof current !== 'string' || !contexts.has(current))) {
    throw new UsageError(`${file}: current is none of the contexts`);
  }
  return { current, contexts };
}

function asContext(value: unknown, name: string, file: string): Context {
  if (!isMap(value)) throw new UsageError(`${file}: ${name} is not a map`);
  const known: { -readonly [K in keyof Context]: Context[K] } = {};
  for (const field of FIELDS) {
    const text = value[field];
    if (text === undefined) continue;
    if (typeof text !== 'string') throw new UsageError(`${file}: ${field} of ${name} is not text`);
    known[field] = text;
  }
  if ((known.server === undefined) === (known.socket === undefined)) {
    throw new UsageError(`${file}: ${name} needs either a server or a socket`);
  }
  return known;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
