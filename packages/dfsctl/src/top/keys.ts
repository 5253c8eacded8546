const ESCAPE = '\u{1b}';

/** What a terminal in raw mode sends, by name; other keys are the character itself. */
const SEQUENCES: Readonly<Record<string, string>> = {
  '[A': 'up',
  '[B': 'down',
  '[C': 'right',
  '[D': 'left',
  OA: 'up',
  OB: 'down',
  OC: 'right',
  OD: 'left',
  '[5~': 'pageup',
  '[6~': 'pagedown',
  '[H': 'home',
  '[F': 'end',
  OH: 'home',
  OF: 'end',
  '[1~': 'home',
  '[4~': 'end',
  '[7~': 'home',
  '[8~': 'end',
};

const NAMED: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  ' ': 'space',
  '\u{3}': 'interrupt',
  '\u{c}': 'redraw',
  '\u{1a}': 'suspend',
  [ESCAPE]: 'escape',
};

/** One key: an escape sequence (CSI or SS3), or one character. */
const KEY = new RegExp(`${ESCAPE}(\\[[0-9;]*[A-Za-z~]|O[A-Za-z])|.`, 'gsu');

/** The keys in a piece of input. Sequences that mean nothing here are left out, and so are other control characters. */
export function keysOf(input: string): string[] {
  const keys: string[] = [];
  for (const [whole, sequence] of input.matchAll(KEY)) {
    const key = sequence === undefined ? (NAMED[whole] ?? whole) : SEQUENCES[sequence];
    if (key !== undefined && !/^\p{Cc}$/u.test(key)) keys.push(key);
  }
  return keys;
}
