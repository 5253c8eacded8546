import { stripVTControlCharacters } from 'node:util';
import type { Paint } from './paint.ts';

const GAP = '   ';

/** Columns as wide as their widest cell; cells may be coloured. No row of `rows` may have more cells than `head`. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], paint: Paint): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => width(row[column] ?? ''))),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
      .join(GAP)
      .trimEnd();
  return [paint('dim', line(head)), ...rows.map(line)].join('\n');
}

function width(text: string): number {
  return stripVTControlCharacters(text).length;
}
