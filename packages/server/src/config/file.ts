import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { type PathStep, suggest } from '@dfs/api/settings';
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, type Pair, parseDocument } from 'yaml';
import type { Assignment, Place } from './assignment.ts';
import { ConfigError, type ConfigProblem } from './problems.ts';
import { isSettingKey, SETTING_KEYS, type SettingKey } from './settings.ts';

/** Bytes of a configuration file. */
export const MAX_CONFIG_BYTES = 1024 * 1024;
const MAX_ALIASES = 100;
const LONGEST_EXCERPT = 100;

/** The settings in a YAML file, with the places they stand on, under the name `shown`. Throws a {@link ConfigError}. */
export function readConfigFile(file: string, shown: string = file): Assignment[] {
  return parseConfig(readText(file), shown, path.dirname(file));
}

function readText(file: string): string {
  try {
    const size = statSync(file).size;
    if (size > MAX_CONFIG_BYTES) throw new Error(`it has ${size} bytes, the most is ${MAX_CONFIG_BYTES}`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([{ where: file, message: `the configuration file cannot be read: ${reason}` }]);
  }
}

/** `name` is the file's name in messages; relative paths in it start at `folder`. */
export function parseConfig(source: string, name: string, folder: string): Assignment[] {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' });
  const at = new Locator(source, name, lines, document);
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => {
      const place = at.offset(error.pos[0]);
      return { ...place, message: explained(error.message, place) };
    });
    throw new ConfigError(problems);
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null))
    return [];
  if (!isMap(document.contents)) {
    throw new ConfigError([{ ...at.offset(0), message: 'not a list of settings: write "key: value" lines' }]);
  }
  return collect(plainValue(document, at), at, folder);
}

function plainValue(document: Document, at: Locator): Record<string, unknown> {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES }) as Record<string, unknown>;
  } catch (error) {
    // Aliases that point nowhere, or multiply without end.
    throw new ConfigError([
      { ...at.offset(0), message: error instanceof Error ? error.message : String(error) },
    ]);
  }
}

/** The parser cannot know what was meant by what it finds strange. */
function explained(message: string, place: Place): string {
  const bareIPv6 = /\[[0-9A-Fa-f]*:[0-9A-Fa-f:.]*\]:\d/.test(place.excerpt ?? '');
  return bareIPv6 ? `${message}: an IPv6 address needs quotes, as in "[::1]:12049"` : message;
}

function collect(values: Record<string, unknown>, at: Locator, baseDirectory: string): Assignment[] {
  const assignments: Assignment[] = [];
  const problems: ConfigProblem[] = [];
  const visit = (name: string, input: unknown, steps: readonly PathStep[]) => {
    if (isSettingKey(name)) {
      if (input === null) problems.push({ ...at.path(steps, true), message: `${name} has no value` });
      else assignments.push(assignment(name, input, steps, at, baseDirectory));
    } else if (isGroup(name) && typeof input === 'object' && input !== null && !Array.isArray(input)) {
      for (const [key, value] of Object.entries(input)) visit(`${name}.${key}`, value, [...steps, key]);
    } else {
      problems.push({ ...at.path(steps, true), message: unknownKey(name) });
    }
  };
  for (const [key, value] of Object.entries(values)) visit(key, value, [key]);
  if (problems.length > 0) throw new ConfigError(problems);
  return assignments;
}

function assignment(
  key: SettingKey,
  input: unknown,
  steps: readonly PathStep[],
  at: Locator,
  baseDirectory: string,
): Assignment {
  const place = (inner: readonly PathStep[], atKey: boolean) => at.path([...steps, ...inner], atKey);
  return { key, input, source: 'file', baseDirectory, place };
}

/** The first part of a key with a dot: a map in the file. */
function isGroup(name: string): boolean {
  return SETTING_KEYS.some((key) => key.startsWith(`${name}.`));
}

/** What to say of a key that is not in the table. */
export function unknownKey(name: string): string {
  const meant = suggest(name, SETTING_KEYS);
  const advice = meant === undefined ? '`dfs config show` lists them all' : `did you mean ${meant}?`;
  return `${JSON.stringify(name)} is not a setting: ${advice}`;
}

/** Finds the line and column of a value by the way that leads to it. */
class Locator {
  readonly #source: string;
  readonly #name: string;
  readonly #lines: LineCounter;
  readonly #document: Document;

  constructor(source: string, name: string, lines: LineCounter, document: Document) {
    this.#source = source;
    this.#name = name;
    this.#lines = lines;
    this.#document = document;
  }

  offset(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    if (line === 0) return { where: `${this.#name}:1:1` };
    const text = this.#source.split('\n', line)[line - 1]?.trimEnd() ?? '';
    const where = `${this.#name}:${line}:${col}`;
    if (text === '' || text.length > LONGEST_EXCERPT) return { where };
    // Tabs stay tabs, so that the mark stands under its place.
    const before = text.slice(0, col - 1).replaceAll(/[^\t]/g, ' ');
    return { where, excerpt: `    ${text}\n    ${before}^` };
  }

  /** The nearest place on the way that the file really has: an alias hides what lies behind it. */
  path(steps: readonly PathStep[], atKey: boolean): Place {
    for (let depth = steps.length; depth > 0; depth--) {
      const offset = this.#find(steps.slice(0, depth), atKey && depth === steps.length);
      if (offset !== undefined) return this.offset(offset);
    }
    return this.offset(0);
  }

  #find(steps: readonly PathStep[], atKey: boolean): number | undefined {
    if (!atKey) {
      const node = this.#document.getIn(steps, true);
      return isNode(node) && node.range ? node.range[0] : undefined;
    }
    const holder =
      steps.length === 1 ? this.#document.contents : this.#document.getIn(steps.slice(0, -1), true);
    if (!isMap(holder)) return undefined;
    const pair = holder.items.find((item) => isPair(item) && keyOf(item) === steps[steps.length - 1]);
    return pair !== undefined && isNode(pair.key) ? pair.key.range?.[0] : undefined;
  }
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}
