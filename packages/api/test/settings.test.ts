import { describe, expect, it } from 'vitest';
import {
  bytes,
  choice,
  integer,
  quote,
  SettingError,
  seconds,
  showBytes,
  suggest,
  text,
} from '../src/settings/index.ts';

describe('values', () => {
  it('are whole numbers within their bounds, both included', () => {
    const kind = integer(-1, 10);
    expect([kind.parse('-1'), kind.parse(10), kind.parse('007')]).toEqual([-1, 10, 7]);
    for (const bad of [
      '-2',
      11,
      '',
      ' 1',
      '1 ',
      '0x1',
      '1.0',
      1.5,
      NaN,
      null,
      true,
      [],
      {},
      '9'.repeat(400),
    ]) {
      expect(() => kind.parse(bad)).toThrow(SettingError);
    }
  });

  it('may have units', () => {
    expect(seconds(1, 7200).parse('1h')).toBe(3600);
    expect(seconds(1, 7200).parse('2 m')).toBe(120);
    expect(bytes(0, 2 ** 40).parse('3gib')).toBe(3 * 2 ** 30);
    expect(() => bytes(0, 2 ** 40).parse('1kb')).toThrow('write a plain number or 64KiB, 1MiB or 1GiB');
    expect(() => seconds(1, 7200).parse('1d')).toThrow('90s, 2m or 1h');
    expect(() => bytes(0, 2 ** 40).parse('99999999GiB')).toThrow('out of range');
  });

  it('are shown in the unit that fits', () => {
    expect([0, 1000, 1024, 1536, 2 ** 20, 3 * 2 ** 30].map(showBytes)).toEqual([
      0,
      1000,
      '1KiB',
      1536,
      '1MiB',
      '3GiB',
    ]);
  });

  it('are quoted briefly where they are refused', () => {
    expect(quote('a\n')).toBe('"a\\n"');
    expect(quote('x'.repeat(1000)).length).toBeLessThan(70);
    expect([quote([1]), quote({}), quote(null), quote(undefined)]).toEqual([
      'a list',
      'a map',
      'null',
      'undefined',
    ]);
    expect(() => choice(['a', 'b']).parse('c')).toThrow('"c" is not one of: a or b');
    expect(() => text(/^a$/, 'the letter a').parse(1)).toThrow('quotes');
  });
});

describe('a suggestion', () => {
  const words = ['lease_time', 'listen', 'log.level', 'api', 'max_clients'];
  it.each([
    ['lease_tmie', 'lease_time'],
    ['leasetime', 'lease_time'],
    ['lease-time', 'lease_time'],
    ['LISTEN', 'listen'],
    ['loglevel', 'log.level'],
    ['ap', 'api'],
    ['max_client', 'max_clients'],
    ['colour', undefined],
    ['', undefined],
    ['x'.repeat(10_000), undefined],
  ])('for %s is %s', (word, meant) => {
    expect(suggest(word, words)).toBe(meant);
  });
});
