import { type ApiKind, listed, quote, SettingError } from './kind.ts';
import { suggest } from './suggest.ts';

const KIB = 1024;

const BYTE_UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kib: KIB,
  mib: KIB ** 2,
  gib: KIB ** 3,
  tib: KIB ** 4,
  // As "truncate" and "dd" take them.
  k: KIB,
  m: KIB ** 2,
  g: KIB ** 3,
  t: KIB ** 4,
};
const TIME_UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600 };

/** A whole number, both bounds allowed. */
export function integer(min: number, max: number): ApiKind<number> {
  const allowed = `a whole number, ${min} to ${max}`;
  return {
    allowed,
    schema: { type: 'integer', minimum: min, maximum: max },
    parse: (input) => bounded(input, wholeNumber(input), min, max, allowed),
    show: same,
  };
}

/** Seconds; text may say minutes ("2m") or hours ("1h"). */
export function seconds(min: number, max: number): ApiKind<number> {
  const allowed = `${min} to ${max} seconds`;
  return {
    allowed,
    schema: { type: 'integer', minimum: min, maximum: max },
    unit: 'seconds',
    parse: (input) => bounded(input, measured(input, TIME_UNITS), min, max, allowed),
    show: same,
  };
}

/** Bytes; text may say "64KiB", "1MiB", "1GiB", "1TiB", or "1G". */
export function bytes(min: number, max: number): ApiKind<number> {
  const allowed = `${showBytes(min)} to ${showBytes(max)}`;
  return {
    allowed,
    schema: { type: 'integer', minimum: min, maximum: max },
    unit: 'bytes',
    parse: (input) => bounded(input, measured(input, BYTE_UNITS), min, max, allowed),
    show: showBytes,
  };
}

/** The largest binary unit that divides `value`. */
export function showBytes(value: number): string | number {
  if (value >= KIB ** 3 && value % KIB ** 3 === 0) return `${value / KIB ** 3}GiB`;
  if (value >= KIB ** 2 && value % KIB ** 2 === 0) return `${value / KIB ** 2}MiB`;
  if (value >= KIB && value % KIB === 0) return `${value / KIB}KiB`;
  return value;
}

const TRUE_WORDS: readonly unknown[] = ['true', 'yes', 'on', '1', true];
const FALSE_WORDS: readonly unknown[] = ['false', 'no', 'off', '0', false];

export function boolean(): ApiKind<boolean> {
  const allowed = 'true or false';
  return {
    allowed,
    schema: { type: 'boolean' },
    parse(input) {
      const word = typeof input === 'string' ? input.toLowerCase() : input;
      if (TRUE_WORDS.includes(word)) return true;
      if (FALSE_WORDS.includes(word)) return false;
      throw new SettingError(`${quote(input)} is neither true nor false`);
    },
    show: same,
  };
}

/** One of a few words. */
export function choice<const T extends string>(values: readonly T[]): ApiKind<T> {
  const allowed = listed(values, 'or');
  return {
    allowed,
    schema: { type: 'string', enum: values },
    parse(input) {
      const found = values.find((value) => value === input);
      if (found === undefined) throw new SettingError(`${quote(input)} is not one of: ${allowed}`);
      return found;
    },
    show: same,
  };
}

/** One of a few whole numbers. */
export function numberChoice<const T extends number>(values: readonly T[]): ApiKind<T> {
  const allowed = listed(values.map(String), 'or');
  return {
    allowed,
    schema: { type: 'integer', enum: values },
    parse(input) {
      const found = values.find((value) => value === input || String(value) === input);
      if (found === undefined) throw new SettingError(`${quote(input)} is not one of: ${allowed}`);
      return found;
    },
    show: same,
  };
}

/** Text that `pattern` takes as a whole; `allowed` says in words what that is. */
export function text(pattern: RegExp, allowed: string): ApiKind<string> {
  return {
    allowed,
    schema: { type: 'string', pattern: pattern.source },
    parse(input) {
      if (typeof input !== 'string') throw new SettingError(`${quote(input)} is not text (put it in quotes)`);
      if (!pattern.test(input)) throw new SettingError(`${quote(input)} is not ${allowed}`);
      return input;
    },
    show: same,
  };
}

/** Some of a set of words, each once: a list, or text with commas between them. Empty text is none. */
export function words(known: readonly string[], what: string): ApiKind<readonly string[]> {
  return {
    allowed: `names of ${what} with commas between them, or a list`,
    schema: { type: 'array', items: { type: 'string', enum: known }, uniqueItems: true },
    parse(input) {
      const split = typeof input === 'string' ? input.split(',').map((word) => word.trim()) : input;
      if (!Array.isArray(split)) throw new SettingError(`${quote(input)} is not a list`);
      const items: unknown[] = split.length === 1 && split[0] === '' ? [] : split;
      return items.map((item, index) => oneOf(item, index, items, known, what));
    },
    show: same,
  };
}

function oneOf(
  item: unknown,
  index: number,
  items: readonly unknown[],
  known: readonly string[],
  what: string,
): string {
  const word = known.find((name) => typeof item === 'string' && name === item.toUpperCase());
  if (word === undefined) {
    const meant = typeof item === 'string' ? suggest(item, known) : undefined;
    const advice = meant === undefined ? '' : `: did you mean ${meant}?`;
    throw new SettingError(`${quote(item)} is not one of the ${what}${advice}`, [index]);
  }
  const isFirst = items.findIndex((other) => String(other).toUpperCase() === word) === index;
  if (!isFirst) throw new SettingError(`${word} is there twice`, [index]);
  return word;
}

function same<T>(value: T): T {
  return value;
}

function bounded(input: unknown, value: number, min: number, max: number, allowed: string): number {
  if (value < min || value > max) throw new SettingError(`${quote(input)} is out of range: ${allowed}`);
  return value;
}

function wholeNumber(input: unknown): number {
  // Digits too many to be exact are refused by the bounds.
  if (typeof input === 'string' && /^-?\d+$/.test(input)) return Number(input);
  if (typeof input === 'number' && Number.isInteger(input)) return input;
  throw new SettingError(`${quote(input)} is not a whole number`);
}

function measured(input: unknown, units: Readonly<Record<string, number>>): number {
  const match = typeof input === 'string' ? /^(\d+) ?([A-Za-z]+)$/.exec(input) : null;
  if (match === null) return wholeNumber(input);
  const [, digits = '', unit = ''] = match;
  const factor = units[unit.toLowerCase()];
  if (factor === undefined) {
    throw new SettingError(
      `${quote(input)} has an unknown unit: write a plain number or ${listed(examples(units), 'or')}`,
    );
  }
  return Number(digits) * factor;
}

function examples(units: Readonly<Record<string, number>>): string[] {
  return units === BYTE_UNITS ? ['64KiB', '1MiB', '1GiB'] : ['90s', '2m', '1h'];
}
