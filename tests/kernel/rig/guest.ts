import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Kernel, kernelBinary, kernelEnvironment } from './kernel.ts';
import { network } from './net.ts';
import { ended } from './process.ts';

/** What a guest is to do: a bash script of the host, its folder, what it finds in its environment, and its bounds. */
export type Job = {
  readonly kernel: Kernel;
  /** A new folder for this boot: console log and the job's description lie in it. No blanks in its path. */
  readonly runDir: string;
  readonly script: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Lines for modprobe.d, such as `nfsv4 directory_delegations=0`. */
  readonly moduleOptions: readonly string[];
  readonly memoryMiB: number;
  /** Host CPUs that the guest may run on, as taskset takes them; undefined for all. */
  readonly cpus: string | undefined;
  /** For the whole of it, boot and power off included. */
  readonly timeoutMs: number;
  /** Stops the guest at once. */
  readonly abort: AbortSignal;
  /** Called with each line that the script prints. */
  readonly onLine: (line: string) => void;
};

/** How a guest ended: with its script's status, or `undefined` and the reason. */
export type GuestEnd = { readonly status: number | undefined; readonly reason: string };

const GUEST_NAME = 'dfs-guest';
const POWER_OFF_MS = 10_000;

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function describe(job: Job): void {
  const env: Record<string, string> = {
    KERNEL_DIR: job.kernel.dir,
    GUEST_NAME,
    GUEST_ADDRESS: network.guest,
    SECOND_ADDRESS: network.secondClient,
    SERVER_ADDRESS: network.server,
    MODULE_OPTIONS: job.moduleOptions.map((line) => `options ${line}`).join('\n'),
    JOB_DIR: job.cwd,
    JOB_SCRIPT: job.script,
    ...job.env,
  };
  const lines = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}\n`);
  mkdirSync(job.runDir, { recursive: true });
  writeFileSync(join(job.runDir, 'job.env'), lines.join(''));
  copyFileSync(join(import.meta.dirname, '../guest/init.sh'), join(job.runDir, 'init.sh'));
}

/** Starts user-mode Linux: an ordinary process. Its serial line is descriptor 3, its console descriptor 1. */
function boot(job: Job): ChildProcess {
  const args = [
    `mem=${job.memoryMiB}M`,
    'seccomp=on',
    'root=/dev/root',
    'rootfstype=hostfs',
    'rootflags=/',
    'ro',
    // In a user namespace the host's set-uid programs, such as mount, would turn the guest's root into nobody.
    'init=/usr/bin/setpriv',
    'quiet',
    'panic=1',
    'con=null',
    'ssl=null',
    'con0=null,fd:1',
    'ssl0=null,fd:3',
    `uml_dir=${job.runDir}/`,
    'umid=uml',
    `vec0:transport=tap,ifname=${network.tap},depth=128,gro=1`,
    `RUN=${job.runDir}`,
    '--',
    '--no-new-privs',
    '/bin/bash',
    join(job.runDir, 'init.sh'),
  ];
  const { cwd, env } = kernelEnvironment(job.kernel.dir);
  const binary = kernelBinary(job.kernel);
  // /dev/shm holds the guest's memory where it can: a file on a disk would be written back to it.
  const settings = Object.entries({ ...env, TMPDIR: '/dev/shm' }).map(([name, value]) => `${name}=${value}`);
  // taskset is linked to the host's libc, so the kernel's own library path is set after it.
  const pinned = job.cpus === undefined ? [] : ['taskset', '-c', job.cpus];
  const [command = '', ...rest] = [...pinned, 'env', ...settings, binary, ...args];
  return spawn(command, rest, { cwd, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
}

/** Boots a guest, runs its script, and answers when the guest has powered off or was stopped. */
export async function runGuest(job: Job): Promise<GuestEnd> {
  describe(job);
  const child = boot(job);
  const log = createWriteStream(join(job.runDir, 'console.log'));
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  let status: number | undefined;
  const line = child.stdio[3];
  if (line === null || line === undefined || !('read' in line))
    throw new Error('the guest has no serial line');
  const reader = createInterface({ input: line });
  reader.on('line', (text) => {
    const exit = /^guest exit (\d+)$/.exec(text);
    if (exit?.[1] !== undefined) status = Number(exit[1]);
    else job.onLine(text);
  });
  const aborted = (): boolean => child.kill('SIGKILL');
  job.abort.addEventListener('abort', aborted);
  const inTime = await ended(child, job.timeoutMs);
  job.abort.removeEventListener('abort', aborted);
  if (!inTime) {
    child.kill('SIGKILL');
    await ended(child, POWER_OFF_MS);
  }
  reader.close();
  log.end();
  if (status !== undefined) return { status, reason: '' };
  if (job.abort.aborted) return { status, reason: 'stopped' };
  const reason = inTime
    ? 'the guest ended without a word'
    : `the guest's ${job.timeoutMs / 1000} s were over`;
  return { status, reason };
}
