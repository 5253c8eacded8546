import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ApiClient } from '@dfs/api/client';
import { NfsClient } from '@dfs/nfs/client';
import { expect, it } from 'vitest';
import { Child, portOf } from './helpers/child.ts';
import { until } from './helpers/running.ts';

const LAUNCHER = path.resolve(import.meta.dirname, '../../../bin/dfs');
const CLIENTS = 1000;
const CONNECTIONS = 4;
const AT_ONCE = 25;
const KIB_PER_MIB = 1024;
/** Twice what it was when this was written. */
const GROWTH_MIB = 100;
const MINUTE_MS = 60_000;

/** Descriptors that a process may have here. */
function mayOpen(): number {
  const row = readFileSync('/proc/self/limits', 'utf8').match(/^Max open files +\S+ +(\S+)/m)?.[1];
  return row === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(row);
}

function residentMiB(pid: number): number {
  const row = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+) kB/m)?.[1];
  return Number(row) / KIB_PER_MIB;
}

async function mount(port: number): Promise<NfsClient> {
  const session = await NfsClient.start({ port });
  for (let more = 1; more < CONNECTIONS; more++)
    await session.renew({ connection: await session.addConnection() });
  return session.client;
}

it.runIf(mayOpen() > 2 * CLIENTS * CONNECTIONS)(
  'a thousand clients with four connections each take a tenth of a mebibyte each',
  async () => {
    const child = new Child(['start', '--memory', '--listen', '127.0.0.1:0'], {}, [LAUNCHER]);
    const clients: NfsClient[] = [];
    try {
      const ready = await child.ready();
      const port = portOf(ready);
      const pid = child.process.pid ?? 0;
      const before = residentMiB(pid);
      for (let made = 0; made < CLIENTS; made += AT_ONCE)
        clients.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => mount(port)))));
      // What was only needed to get there may go first.
      await until(() => (residentMiB(pid) < before + GROWTH_MIB ? true : undefined));
      expect(
        (await new ApiClient({ socketPath: String((ready['api'] as string[])[0]) }).status()).nfs,
      ).toMatchObject({
        clients: CLIENTS,
        connections: CLIENTS * CONNECTIONS,
      });
    } finally {
      for (const client of clients) void client.close();
      await child.stop('SIGKILL');
    }
  },
  5 * MINUTE_MS,
);
