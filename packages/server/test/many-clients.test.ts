import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ApiClient } from '@dfs/api/client';
import type { Session } from '@dfs/nfs/client';
import { expect, it } from 'vitest';
import { CROWD, CROWD_CONNECTIONS, mayHaveCrowd, mountCrowd } from '../../nfs/test/support/crowd.ts';
import { Child, portOf } from './helpers/child.ts';
import { until } from './helpers/running.ts';

const LAUNCHER = path.resolve(import.meta.dirname, '../../../bin/dfs');
const KIB_PER_MIB = 1024;
/** Twice what it was when this was written. */
const GROWTH_MIB = 100;
const MINUTE_MS = 60_000;

function residentMiB(pid: number): number {
  const row = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+) kB/m)?.[1];
  return Number(row) / KIB_PER_MIB;
}

it.runIf(mayHaveCrowd())(
  'a thousand clients with four connections each take a tenth of a mebibyte each',
  async () => {
    const child = new Child(['start', '--memory', '--listen', '127.0.0.1:0'], {}, [LAUNCHER]);
    const sessions: Session[] = [];
    try {
      const ready = await child.ready();
      const port = portOf(ready);
      const pid = child.process.pid ?? 0;
      const before = residentMiB(pid);
      await mountCrowd(port, sessions);
      // What was only needed to get there may go first.
      await until(() => (residentMiB(pid) < before + GROWTH_MIB ? true : undefined));
      expect(
        (await new ApiClient({ socketPath: String((ready['api'] as string[])[0]) }).status()).nfs,
      ).toMatchObject({
        clients: CROWD,
        connections: CROWD * CROWD_CONNECTIONS,
      });
    } finally {
      for (const { client } of sessions) void client.close();
      await child.stop('SIGKILL');
    }
  },
  5 * MINUTE_MS,
);
