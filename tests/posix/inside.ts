/** The inner half of run.ts: the first process of its own process and network namespaces. Gets its plan over the IPC channel. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { guestSide } from '../kernel/options.ts';
import { runGuest } from '../kernel/rig/guest.ts';
import { takePlan } from '../kernel/rig/inner.ts';
import type { Kernel } from '../kernel/rig/kernel.ts';
import { makeNetwork } from '../kernel/rig/net.ts';
import { serverLog, sharePath, TestServer } from '../kernel/rig/server.ts';
import type { Options } from './options.ts';
import { Verdict } from './verdict.ts';

export type Plan = {
  readonly options: Options;
  readonly kernel: Kernel;
  readonly root: string;
  readonly runDir: string;
};

const GUEST_MEMORY_MIB = 512;
/** For one version; what it takes is some ten seconds. */
const SUITE_LIMIT_S = 240;
const GUEST_LIMIT_MS = 600_000;

async function main({ options, kernel, root, runDir }: Plan): Promise<number> {
  await makeNetwork();
  const dir = join(runDir, 'server');
  const args = options.store === 'memory' ? ['--memory'] : [];
  const server = await TestServer.start({ root, addresses: [guestSide], dir, cpus: undefined, args });
  const abort = new AbortController();
  const verdict = new Verdict(options.versions);
  let stopping = false;
  void server.gone.then((code) => {
    if (stopping) return;
    verdict.problem(`the server ended by itself, with status ${code}`);
    abort.abort();
  });
  console.log(`posix: Linux ${kernel.version} boots; dfs keeps what it serves in ${options.store}`);
  const end = await runGuest({
    kernel,
    runDir: join(runDir, 'guest'),
    script: join(import.meta.dirname, 'guest.sh'),
    cwd: '/',
    env: {
      VERSIONS: options.versions.join(' '),
      PORT: `${guestSide.port}`,
      EXPORT: sharePath,
      SUITE: join(import.meta.dirname, 'suite'),
      ONLY: options.only,
      LIMIT: `${SUITE_LIMIT_S}`,
      PYTHONDONTWRITEBYTECODE: '1',
    },
    moduleOptions: [],
    memoryMiB: GUEST_MEMORY_MIB,
    cpus: undefined,
    timeoutMs: GUEST_LIMIT_MS,
    abort: abort.signal,
    onLine: (line) => {
      console.log(line);
      verdict.take(line);
    },
  });
  if (end.status !== 0) verdict.problem(`the guest: ${end.reason || `status ${end.status}`}`);
  stopping = true;
  const wrong = abort.signal.aborted ? undefined : await server.stop();
  if (wrong !== undefined) verdict.problem(`stopping the server: ${wrong}`);
  console.log(verdict.summary());
  if (!verdict.isWell) console.log(readFileSync(serverLog(dir), 'utf8').split('\n').slice(-10).join('\n'));
  return verdict.isWell ? 0 : 1;
}

takePlan('test:posix', main);
