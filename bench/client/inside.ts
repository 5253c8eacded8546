/** The inner half of run.ts: the first process of its own process and network namespaces. Gets its plan over the IPC channel. */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { makeFixtures } from '../../tests/kernel/fixtures.ts';
import { runGuest } from '../../tests/kernel/rig/guest.ts';
import { takePlan } from '../../tests/kernel/rig/inner.ts';
import type { Kernel } from '../../tests/kernel/rig/kernel.ts';
import { makeNetwork, network } from '../../tests/kernel/rig/net.ts';
import { must } from '../../tests/kernel/rig/process.ts';
import { describeMachine } from '../machine.ts';
import { startGrade } from '../servers/dfs.ts';
import { ganeshaMissing, startGanesha } from '../servers/ganesha.ts';
import { EXPORT, type Place, type Server } from '../servers/server.ts';
import { Figures } from './figures.ts';
import type { Options } from './options.ts';
import { table, writeReport } from './report.ts';

export type Plan = {
  readonly options: Options;
  readonly kernel: Kernel;
  readonly root: string;
  readonly runDir: string;
};

/** Steps of many round trips, and those of many bytes. */
const PHASES = ['small', 'large'] as const;
type Phase = (typeof PHASES)[number];

const GUEST_MEMORY_MIB = 768;
const GUEST_LIMIT_MS = 900_000;
const LIMIT_MS = 60_000;
/** It answers GET_DIR_DELEGATION of Linux 7 with OP_ILLEGAL, and the client then fails to list folders. */
const MODULE_OPTIONS_OF: Readonly<Record<string, readonly string[]>> = {
  ganesha: ['nfsv4 directory_delegations=0'],
};

const LAST_CPU = cpus().length - 1;

/**
 * With one caller that waits for each answer the guest and the server share a CPU, since waking another one costs more than the answer;
 * for large transfers the server may run where it likes.
 */
async function place(server: Server, phase: Phase): Promise<void> {
  const where = phase === 'small' ? `${LAST_CPU}` : `0-${LAST_CPU}`;
  await must('taskset', ['-a', '-p', '-c', where, `${server.pid}`], { timeoutMs: LIMIT_MS });
}

async function startServers({ root, runDir }: Plan): Promise<Server[]> {
  const here: Place = { host: network.server };
  const servers: Server[] = [
    { ...(await startGrade('dfs', root, runDir, 'power', here)), name: 'dfs power' },
    { ...(await startGrade('dfs', root, runDir, 'crash', here)), name: 'dfs crash' },
  ];
  const missing = ganeshaMissing();
  if (missing === undefined) servers.push(await startGanesha(runDir, here));
  else console.error(`bench: without NFS-Ganesha: ${missing}`);
  return servers;
}

/** A tree of files with the git repository that holds it, and the same as an archive. */
async function makeSource(folder: string): Promise<void> {
  const fixtures = join(folder, 'fixtures');
  await makeFixtures(fixtures);
  const source = join(folder, 'source');
  cpSync(join(fixtures, 'tree'), source, {
    recursive: true,
    verbatimSymlinks: true,
    preserveTimestamps: true,
  });
  cpSync(join(fixtures, 'repository'), join(source, '.git'), { recursive: true });
  await must('tar', ['-cf', join(folder, 'source.tar'), '-C', folder, 'source'], { timeoutMs: LIMIT_MS });
}

/** Boots a guest that does the steps of a phase on a server, over each number of connections. */
async function drive(
  plan: Plan,
  server: Server,
  phase: Phase,
  source: string,
  figures: Figures,
): Promise<void> {
  const { options, kernel, runDir } = plan;
  const guestDir = join(runDir, 'guest');
  let connections = 0;
  const said: string[] = [];
  await place(server, phase);
  const end = await runGuest({
    kernel,
    runDir: guestDir,
    script: join(import.meta.dirname, 'guest.sh'),
    cwd: '/',
    env: {
      CONNECTIONS: options.connections.join(' '),
      PORT: `${server.port}`,
      EXPORT,
      STEPS: join(import.meta.dirname, 'steps.py'),
      PHASE: phase,
      FILES: `${options.files}`,
      LARGE_MIB: `${options.largeMib}`,
      SOURCE: source,
      PYTHONDONTWRITEBYTECODE: '1',
    },
    moduleOptions: MODULE_OPTIONS_OF[server.name] ?? [],
    memoryMiB: GUEST_MEMORY_MIB,
    cpus: `${LAST_CPU}`,
    timeoutMs: GUEST_LIMIT_MS,
    abort: new AbortController().signal,
    onLine: (line) => {
      const [word, name = '', count = '', seconds = ''] = line.split(' ');
      if (word === 'mounted') connections = Number(name);
      else if (word === 'step') figures.add(server.name, connections, name, Number(count) / Number(seconds));
      else said.push(line);
    },
  });
  rmSync(guestDir, { recursive: true, force: true });
  if (end.status !== 0)
    throw new Error(
      `${server.name}: the guest ended with ${end.reason || end.status}:\n${said.slice(-10).join('\n')}`,
    );
}

async function main(plan: Plan): Promise<number> {
  const { options, runDir } = plan;
  await makeNetwork();
  const source = join(runDir, 'input');
  mkdirSync(source);
  await makeSource(source);
  const machine = describeMachine(runDir);
  const servers = await startServers(plan);
  const figures = new Figures();
  try {
    for (let round = 1; round <= options.rounds; round++) {
      for (const phase of PHASES) {
        // Whoever comes first one time comes last the next.
        for (const server of round % 2 === 1 ? servers : servers.toReversed()) {
          console.error(`bench: round ${round} of ${options.rounds}: ${phase}, ${server.name}`);
          await drive(plan, server, phase, source, figures);
        }
      }
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
  console.log(table(figures));
  const versions = servers.map(({ name, version }) => `${name}: ${version}`);
  if (options.write)
    await writeReport(plan.root, { machine, options, figures, versions, kernel: plan.kernel.version });
  return 0;
}

takePlan('bench', main);
