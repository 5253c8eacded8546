import { execFileSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Row } from '../rows.ts';
import { freePort, Running, type Server } from './server.ts';

const SHARE = '/export';
const CRASH_SHARE = '/crash';

/** Does this checkout know shares of grade crash? Asked of its own help. */
function knowsCrash(checkout: string): boolean {
  return execFileSync(join(checkout, 'bin/dfs'), ['start', '--help'], { encoding: 'utf8' }).includes(
    'durability',
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

/** Starts the daemon of a checkout as people start it, with a share for each grade. */
export async function startDfs(name: string, checkout: string, folder: string): Promise<Server> {
  const data = join(folder, name);
  await mkdir(data, { recursive: true });
  const port = await freePort();
  const crash = knowsCrash(checkout);
  const shares = ['--share', `${SHARE},squash=none`];
  if (crash) shares.push('--share', `${CRASH_SHARE},squash=none,durability=crash`);
  const running = new Running(name, join(checkout, 'bin/dfs'), [
    ...['start', '--no-config', '--data', data, '--listen', `127.0.0.1:${port}`],
    ...shares,
  ]);
  try {
    await running.listening(port);
  } catch (error) {
    await running.stop();
    throw error;
  }
  const { version } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')) as {
    version: string;
  };
  return {
    name,
    version: `dfs ${version} (${commitOf(checkout)})`,
    pid: running.pid,
    port,
    exportFor: (row: Row) => (row.grade === 'crash' ? CRASH_SHARE : SHARE),
    serves: (row: Row) => row.grade !== 'crash' || crash,
    gradeOf: (row: Row) => row.grade,
    stop: () => running.stop(),
  };
}
