import { execFileSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import type { Grade, Row } from '../rows.ts';
import { type Brought, EXPORT, freePort, LOOPBACK, Running, type Server } from './server.ts';

/** Does this checkout know the grade crash? Asked of its own help. */
function knowsCrash(checkout: string): boolean {
  return execFileSync(join(checkout, 'bin/dfs'), ['start', '--help'], { encoding: 'utf8' }).includes(
    '--durability',
  );
}

function commitOf(checkout: string): string {
  try {
    const git = (...args: string[]) => execFileSync('git', ['-C', checkout, ...args], { encoding: 'utf8' });
    return `${git('rev-parse', '--short', 'HEAD').trim()}${git('status', '--porcelain', '-uno') === '' ? '' : '+'}`;
  } catch {
    return 'unknown';
  }
}

/** Starts the daemon of a checkout as people start it: once for each grade that it knows. Both go by the same name. */
export async function startDfs(name: string, checkout: string, folder: string): Promise<Server[]> {
  const power = await startGrade(name, checkout, folder, 'power');
  return knowsCrash(checkout) ? [power, await startGrade(name, checkout, folder, 'crash')] : [power];
}

export interface DfsServer extends Server {
  /** Its data directory, with the API's socket in it. */
  readonly data: string;
}

/** What a server measures of itself, as Prometheus reads it, over its API. */
export function metricsOf(data: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = get({ socketPath: join(data, 'api.sock'), path: '/metrics' }, (answer) => {
      answer.setEncoding('utf8');
      let text = '';
      answer.on('data', (part) => {
        text += part;
      });
      answer.on('end', () => resolve(text));
    });
    asked.on('error', reject);
  });
}

const SYNCS = /^dfs_storage_(?:journal|content)_syncs_total (\d+)/gm;
const BYTES = /^dfs_storage_journal_bytes_total (\d+)/gm;

/** Syncs of the journal, and of content where a client asks for that; bytes of the journal. */
async function broughtBy(data: string): Promise<Brought> {
  const metrics = await metricsOf(data);
  const sum = (lines: RegExp) =>
    [...metrics.matchAll(lines)].reduce((sum, [, count]) => sum + Number(count), 0);
  return { batches: sum(SYNCS), bytes: sum(BYTES) };
}

export async function startGrade(
  name: string,
  checkout: string,
  folder: string,
  grade: Grade,
  place = LOOPBACK,
): Promise<DfsServer> {
  const data = join(folder, `${name}-${grade}`);
  await mkdir(data, { recursive: true });
  const port = await freePort(place.host);
  const running = new Running(name, place, join(checkout, 'bin/dfs'), [
    ...['start', '--no-config', '--data', data, '--listen', `${place.host}:${port}`],
    ...['--share', `${EXPORT},squash=none`],
    ...(grade === 'power' ? [] : ['--durability', grade]),
  ]);
  try {
    await running.listening(place, port);
  } catch (error) {
    await running.stop();
    throw error;
  }
  const { version } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')) as {
    version: string;
  };
  return {
    name,
    data,
    version: `dfs ${version} (${commitOf(checkout)})`,
    pid: running.pid,
    port,
    serves: (row: Row) => (row.grade ?? 'power') === grade,
    gradeOf: (row: Row) => row.grade,
    brought: () => broughtBy(data),
    stop: () => running.stop(),
  };
}
