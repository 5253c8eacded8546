import { describe, expect, it } from 'vitest';
import { keysOf } from '../../src/top/keys.ts';

const ESC = '\u001b';

describe('keys', () => {
  it.each([
    ['q', ['q']],
    [`${ESC}[A${ESC}[B${ESC}OC${ESC}OD`, ['up', 'down', 'right', 'left']],
    [
      `${ESC}[5~${ESC}[6~${ESC}[H${ESC}OF${ESC}[1~${ESC}[4~`,
      ['pageup', 'pagedown', 'home', 'end', 'home', 'end'],
    ],
    ['\r\n \u0003', ['enter', 'enter', 'space', 'interrupt']],
    [ESC, ['escape']],
    [`${ESC}[1;5A${ESC}[24~x`, ['x']],
    ['\u0000\u0007é👍', ['é', '👍']],
    ['', []],
  ])('of %j are %j', (input, keys) => {
    expect(keysOf(input)).toEqual(keys);
  });
});
