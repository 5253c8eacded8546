import type { Paint } from '@dfs/api/terminal';

type Style = Parameters<Paint>[0];

/** A piece of a line in one style. */
export interface Piece {
  readonly text: string;
  readonly style?: Style | undefined;
}

/** Text from elsewhere in characters that take exactly one cell each: what is not printable ASCII is shown as a dot. */
export function plain(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/gu, '·');
}

/** Other signs for those that only some terminals have, of the same width. */
export function asciiOnly(text: string): string {
  return text.replaceAll('…', '~').replaceAll(/[^\x20-\x7e]/gu, '.');
}

/** Exactly `width` cells: cut, with a mark, or filled up. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  if (width <= 0) return '';
  const cut = text.length > width ? `${text.slice(0, width - 1)}…` : text;
  return align === 'left' ? cut.padEnd(width) : cut.padStart(width);
}

/** The pieces after each other, cut at `width`, without blanks at the end. */
export function line(pieces: readonly Piece[], width: number, paint: Paint): string {
  let room = width;
  let shown = '';
  for (const { text, style } of pieces) {
    const part = text.slice(0, Math.max(0, room));
    room -= part.length;
    shown += style === undefined || part.trim() === '' ? part : paint(style, part);
  }
  return shown;
}
