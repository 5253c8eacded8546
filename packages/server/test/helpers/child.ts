import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { afterEach } from 'vitest';
import { scratchFolder } from './config.ts';
import { homeEnvironment } from './home.ts';
import { listenTo, type Said } from './said.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts');
/** For a machine that has ten times as much to do as it can; most tests have a shorter limit of their own. */
const READY_TIMEOUT_MS = 90_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One line of the JSON log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [key: string]: unknown;
}

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

/** `dfs` as a process of its own, with folders of its own and without this machine's configuration. */
export class Child {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly #said: Said;

  /** `command` in place of Node.js with dfs's source. */
  constructor(
    args: readonly string[],
    env: Record<string, string> = {},
    command: readonly [string, ...string[]] = [process.execPath, MAIN],
  ) {
    const home = scratchFolder();
    const [program, ...first] = command;
    this.process = spawn(program, [...first, ...args], {
      cwd: home,
      env: { ...homeEnvironment(home), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this.process);
    const said = listenTo(this.process);
    this.#said = said;
    this.ended = new Promise((resolve, reject) => {
      this.process.once('error', reject);
      this.process.once('close', (code, signal) => {
        running.delete(this.process);
        resolve({ code, signal, ...said });
      });
    });
  }

  get stdout(): string {
    return this.#said.stdout;
  }

  /** The complete lines of the JSON log so far. */
  get log(): LogLine[] {
    return this.#said.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** The line that says "ready". Rejects where the process ends before, with what it said. */
  async ready(): Promise<LogLine> {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    for (;;) {
      const line = this.log.find((entry) => entry.msg === 'ready');
      if (line !== undefined) return line;
      const waited = new Promise<undefined>((resolve) => setTimeout(resolve, 20, undefined));
      const ended = await Promise.race([this.ended, waited]);
      if (ended !== undefined) throw new Error(`ended with ${ended.code}: ${ended.stderr}${ended.stdout}`);
      if (performance.now() > deadline)
        throw new Error(`not ready: ${this.#said.stdout}${this.#said.stderr}`);
    }
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.process.kill(signal);
    return this.ended;
  }
}

/** A server on a free port. */
export function startServer(args: readonly string[] = ['--memory'], env?: Record<string, string>): Child {
  return new Child(['start', '--listen', '127.0.0.1:0', ...args], env);
}

/** The port of the n-th address in a ready line. */
export function portOf(ready: LogLine, index = 0): number {
  const address = (ready['listen'] as string[])[index] ?? '';
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
