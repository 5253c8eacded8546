import { readFileSync, writeFileSync } from 'node:fs';

/** CPU microseconds of one operation each, by how many of something there are. Some are not measured where there are few. */
export type Growth = Record<string, Record<string, number>>;

const BEGIN = '<!-- growth: written by npm run bench:growth -- --write -->';
const END = '<!-- /growth -->';
const DIGITS = 3;
/** Where the last row is held against: below, what is paid once for each batch and not for each operation is in the figures. */
const BASE = 1000;

function columnsOf(growth: Growth): string[] {
  return [...new Set(Object.values(growth).flatMap((row) => Object.keys(row)))];
}

/** How many times dearer the last row is than that of a thousand, or than the first where there is none. */
function rise(growth: Growth, column: string): string {
  const counts = Object.keys(growth).map(Number);
  const base = counts.includes(BASE) && counts.at(-1) !== BASE ? BASE : counts[0]!;
  const [from, to] = [growth[base]![column], growth[counts.at(-1)!]![column]];
  return from === undefined || to === undefined ? '' : `× ${(to / from).toFixed(2)}`;
}

/** A table in Markdown, the figures and below them how much the last row is above the first. */
export function tableOf(title: string, growth: Growth): string {
  const columns = columnsOf(growth);
  const figure = (n: number | undefined) => (n === undefined ? '' : Number(n.toPrecision(DIGITS)).toString());
  const rows = Object.entries(growth).map(([count, row]) => [
    Number(count).toLocaleString('en-US'),
    ...columns.map((column) => figure(row[column])),
  ]);
  rows.push(['**rise**', ...columns.map((column) => rise(growth, column))]);
  const all = [[title, ...columns], ...rows];
  const widths = all[0]!.map((_, at) => Math.max(...all.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padStart(widths[at]!)).join(' | ')} |`;
  const rule = `|${widths.map((width) => `${'-'.repeat(width + 1)}:|`).join('')}`;
  return [line(all[0]!), rule, ...rows.map(line)].join('\n');
}

/** Puts the tables into a page, between the marks that it has for them. Throws where it has none. */
export function writeTables(path: string, tables: Record<string, Growth>): void {
  const page = readFileSync(path, 'utf8');
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${path} has no place for the tables`);
  const text = Object.entries(tables).map(([title, growth]) => tableOf(title, growth));
  writeFileSync(path, `${page.slice(0, from)}${BEGIN}\n\n${text.join('\n\n')}\n\n${page.slice(to)}`);
}
