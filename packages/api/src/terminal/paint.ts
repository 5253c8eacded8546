import { isatty } from 'node:tty';
import { styleText } from 'node:util';
import type { Environment } from '../places.ts';

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Colours text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/** NO_COLOR and FORCE_COLOR decide (no-color.org); else colour is for terminals that can. */
export function wantsColour(fd: number, env: Environment): boolean {
  const force = env['FORCE_COLOR'];
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  if ((env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return false;
  return isatty(fd);
}

export function painter(colour: boolean): Paint {
  return colour ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}

/** Text from elsewhere must not steer the terminal: control characters are shown as escapes. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
