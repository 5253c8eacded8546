/**
 * `npm run bench:growth`: what an operation costs as files, entries, connections, sessions and locks grow. CPU time of this process, in which the
 * server runs with its data on the disk and its clients without a network. Writes docs/benchmarks/growth.json; `--most N` for fewer files.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { connections, locks, sessions } from './clients.ts';
import { files } from './files.ts';

const DOCS = fileURLToPath(new URL('../../docs/benchmarks', import.meta.url));
const DEFAULT_MOST = 1_000_000;

/** CPU microseconds of one operation each, by how many of something there are. */
export type Growth = Record<string, Record<string, number>>;

function show(title: string, growth: Growth): void {
  const counts = Object.keys(growth);
  const columns = Object.keys(growth[counts[0]!] ?? {});
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  console.log(`\n${line([title, ...columns])}\n|${' --- |'.repeat(columns.length + 1)}`);
  for (const count of counts) {
    const cells = columns.map((column) => growth[count]![column]!.toFixed(2));
    console.log(line([Number(count).toLocaleString('en-US'), ...cells]));
  }
}

const { values } = parseArgs({
  options: { most: { type: 'string' }, only: { type: 'string' }, write: { type: 'boolean', default: false } },
});
const most = Number(values.most ?? DEFAULT_MOST);
const all: Record<string, Growth> = {};
const tables = { files: () => files(most), connections, sessions, locks };
for (const [title, run] of Object.entries(tables)) {
  if (values.only !== undefined && values.only !== title) continue;
  all[title] = await run();
  show(title, all[title]);
}
if (values.write) {
  mkdirSync(DOCS, { recursive: true });
  writeFileSync(`${DOCS}/growth.json`, `${JSON.stringify(all, undefined, 1)}\n`);
}
