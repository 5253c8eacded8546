import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { COMPILE_CACHE } from '../../../server/test/helpers/home.ts';
import { type Ended, endOf } from '../../../server/test/helpers/said.ts';

const ROOT = path.resolve(import.meta.dirname, '../../../..');
export const DFSCTL: string = path.join(ROOT, 'packages/dfsctl/src/main.ts');
const DFS = path.join(ROOT, 'packages/server/src/main.ts');
const READY_MS = 30_000;

/** A real server in a process and a folder of its own, and dfsctl to ask it. */
export class Daemon {
  readonly home: string = mkdtempSync(path.join(tmpdir(), 'dfsctl-test-'));
  readonly socket: string = path.join(this.home, 'api.sock');
  port = 0;
  /** Where the API listens over TCP. */
  url = '';
  #process: ChildProcess | undefined;

  get env(): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: this.home,
      XDG_RUNTIME_DIR: this.home,
      DFS_CONFIG: '',
      NODE_COMPILE_CACHE: COMPILE_CACHE,
    };
  }

  /** With further arguments of `dfs start`; TLS where they say so. */
  async start(data: 'memory' | 'data' = 'memory', ...more: string[]): Promise<this> {
    const store = data === 'memory' ? ['--memory'] : ['--data', path.join(this.home, 'data')];
    const listen = ['--listen', '127.0.0.1:0', '--api', '127.0.0.1:0', '--api-socket', this.socket];
    const child = spawn(process.execPath, [DFS, 'start', ...store, ...listen, ...more], {
      cwd: this.home,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    const ready = await readyLine(child);
    this.port = Number(ready.listen[0]?.split(':').at(-1));
    const scheme = more.some((argument) => argument.startsWith('api_tls_cert=')) ? 'https' : 'http';
    this.url = `${scheme}://${ready.api.find((address) => !address.startsWith('/'))}`;
    return this;
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    await closed;
  }

  async remove(): Promise<void> {
    await this.stop();
    // A command that a test has ended may be writing to it yet.
    rmSync(this.home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  /** dfsctl with this server's socket, as a process. */
  async run(...args: string[]): Promise<Ended> {
    return await this.runInput({ DFS_API_SOCKET: this.socket }, '', ...args);
  }

  /** dfsctl as a process, with this on its stdin. */
  async runInput(env: Record<string, string>, input: string, ...args: string[]): Promise<Ended> {
    const child = this.spawn(env, ...args);
    child.stdin?.end(input);
    return await endOf(child);
  }

  spawn(env: Record<string, string>, ...args: string[]): ChildProcess {
    return spawn(process.execPath, [DFSCTL, ...args], { env: { ...this.env, ...env }, stdio: 'pipe' });
  }
}

interface Ready {
  readonly listen: readonly string[];
  readonly api: readonly string[];
}

async function readyLine(child: ChildProcess): Promise<Ready> {
  let said = '';
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS);
  try {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    }
    const closed = once(child, 'close').then(() => true);
    for (;;) {
      const line = said.split('\n').find((each) => each.includes('"msg":"ready"'));
      if (line !== undefined) return JSON.parse(line) as Ready;
      const tick = new Promise<boolean>((resolve) => setTimeout(resolve, 20, false));
      if (await Promise.race([closed, tick])) throw new Error(`dfs did not start: ${said}`);
    }
  } finally {
    clearTimeout(timer);
  }
}
