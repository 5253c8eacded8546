/**
 * `npm run bench`: dfs and NFS-Ganesha on the same disk, under the same load, in turn. See `--help`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../tests/support/command-line.ts';
import { buildLoad } from './load.ts';
import { describeMachine } from './machine.ts';
import { measure } from './measure.ts';
import { HELP, type Options, readOptions } from './options.ts';
import { compare, diskShare } from './report/compare.ts';
import { comparisonTable, diskTable } from './report/table.ts';
import { writeReport } from './report/write.ts';
import { chooseRows } from './rows.ts';
import { startDfs } from './servers/dfs.ts';
import { ganeshaMissing, startGanesha } from './servers/ganesha.ts';
import type { Server } from './servers/server.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

async function startServers(options: Options, folder: string): Promise<Server[]> {
  const servers = await startDfs('dfs', ROOT, folder);
  if (options.against !== undefined) servers.push(...(await startDfs('other', options.against, folder)));
  if (!options.peer) return servers;
  const missing = ganeshaMissing();
  if (missing === undefined) servers.push(await startGanesha(folder));
  else say(`without NFS-Ganesha: ${missing}`);
  return servers;
}

async function bench(options: Options): Promise<void> {
  const rows = chooseRows(options.rows);
  if (rows.length === 0) throw new UsageError(`no row is called ${options.rows.join(' or ')}`);
  buildLoad();
  const folder = await mkdtemp(join(options.folder ?? tmpdir(), 'dfs-bench-'));
  let servers: Server[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  const interrupted = (): void => void stop().then(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    const machine = describeMachine(folder);
    servers = await startServers(options, folder);
    const measured = await measure(servers, rows, options, folder, say);
    const alone = compare(measured, 'dfs', undefined);
    const others = new Set(servers.map(({ name }) => name).filter((name) => name !== 'dfs'));
    for (const other of others)
      console.log(`\n${comparisonTable(compare(measured, 'dfs', other), 'dfs', other)}`);
    if (others.size === 0) console.log(comparisonTable(alone, 'dfs', '-'));
    if (alone.some((c) => diskShare(c) !== undefined)) console.log(`\n${diskTable(alone)}`);
    const peer = servers.find(({ name }) => name === 'ganesha');
    if (options.write && peer !== undefined)
      await writeReport(ROOT, { machine, options, measured, dfs: servers[0]!, peer });
    else if (options.write) say('docs are left as they are: there is nothing to compare with');
  } finally {
    await stop();
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(HELP);
  else await bench(options);
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`bench: ${error.message}\n\n${HELP}`);
    process.exitCode = 2;
  } else {
    console.error(error);
    process.exitCode = 1;
  }
}
