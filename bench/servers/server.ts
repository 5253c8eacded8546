import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Grade, Row } from '../rows.ts';

/** The path that all of them export. */
export const EXPORT = '/export';

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;
const POLL_MS = 50;

/** Where a server listens, and the CPUs that it keeps to, as taskset takes them: all where absent. */
export interface Place {
  readonly host: string;
  readonly cpus?: string;
}

export const LOOPBACK: Place = { host: '127.0.0.1' };

/** Batches of changes, and their bytes. */
export interface Brought {
  readonly batches: number;
  readonly bytes: number;
}

/** A server that runs for the benchmark. */
export interface Server {
  readonly name: string;
  /** Version and the like, for the report. */
  readonly version: string;
  readonly pid: number;
  readonly port: number;
  /** Is it the one to be driven with the row? */
  serves(row: Row): boolean;
  /** Of a row, on this server. */
  gradeOf(row: Row): Grade | undefined;
  /** What it has brought to the disk since its start; absent where it does not tell. */
  brought?(): Promise<Brought>;
  stop(): Promise<void>;
}

/** A port that nobody has at this moment. */
export async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

/** A child process whose output is kept for the case that it fails. */
export class Running {
  readonly #child: ChildProcess;
  readonly #name: string;
  #log = '';

  constructor(name: string, { cpus }: Place, command: string, args: readonly string[]) {
    this.#name = name;
    const [program, ...rest] =
      cpus === undefined ? [command, ...args] : ['taskset', '-c', cpus, command, ...args];
    this.#child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (text) => {
        this.#log = (this.#log + text).slice(-8000);
      });
    this.#child.on('error', (error) => {
      this.#log += String(error);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get ended(): boolean {
    return this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get log(): string {
    return this.#log;
  }

  /** Resolves when it listens. Throws, with what it said, where it ends before or takes too long. */
  async listening({ host }: Place, port: number): Promise<void> {
    const until = Date.now() + START_LIMIT_MS;
    while (!(await accepts(host, port))) {
      if (this.ended || Date.now() > until) throw new Error(`${this.#name} does not start:\n${this.#log}`);
      await sleep(POLL_MS);
    }
  }

  async stop(): Promise<void> {
    if (this.ended) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_LIMIT_MS);
    await gone;
    clearTimeout(late);
  }
}
