/**
 * `npm run bench:growth`: what an operation costs as files in a directory, connections, sessions and locks grow. CPU time of this process, in
 * which the server runs with its data on the disk and its clients without a network. `--most N`: files, one million unless told otherwise;
 * `--only TABLE`; `--write`: docs/benchmarks/growth.json, and from all that it has the tables in docs/performance.md.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { connections, locks, sessions } from './clients.ts';
import { files } from './files.ts';
import { type Growth, tableOf, writeTables } from './report.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const FIGURES = join(DOCS, 'benchmarks/growth.json');
const DEFAULT_MOST = 1_000_000;
const DIGITS = 4;

function known(): Record<string, Growth> {
  try {
    return JSON.parse(readFileSync(FIGURES, 'utf8')) as Record<string, Growth>;
  } catch {
    return {};
  }
}

const { values } = parseArgs({
  options: { most: { type: 'string' }, only: { type: 'string' }, write: { type: 'boolean', default: false } },
});
const most = Number(values.most ?? DEFAULT_MOST);
const measured: Record<string, Growth> = {};
const tables = { files: () => files(most), connections, sessions, locks };
for (const [title, run] of Object.entries(tables)) {
  if (values.only !== undefined && values.only !== title) continue;
  measured[title] = await run();
  console.log(`\n${tableOf(title, measured[title])}`);
}
if (values.write) {
  const all = { ...known(), ...measured };
  const rounded = (_: string, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(DIGITS)) : value;
  mkdirSync(join(DOCS, 'benchmarks'), { recursive: true });
  writeFileSync(FIGURES, `${JSON.stringify(all, rounded, 1)}\n`);
  writeTables(join(DOCS, 'performance.md'), all);
}
