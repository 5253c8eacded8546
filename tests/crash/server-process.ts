import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { homeEnvironment } from '../../packages/server/test/helpers/home.ts';
import type { Durability } from '../../packages/storage/src/index.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'packages/server/src/main.ts');
const BARE = join(import.meta.dirname, 'server.ts');
const READY =
  /\bready (\d+)$|"listen":\["127\.0\.0\.1:(\d+)"\].*"msg":"ready"|"msg":"ready".*"listen":\["127\.0\.0\.1:(\d+)"\]/m;
const READY_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 60_000;
export const SHARE = '/crash';

/** The daemon, or the bare engine on its stores. */
export type ServerKind = 'daemon' | 'bare';

export interface ServerOptions {
  readonly kind: ServerKind;
  readonly data: string;
  readonly durability: Durability;
  /** Of its own, for what the daemon keeps beside the data; its output goes to a file there. */
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One life of the server. */
export class ServerProcess {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #output = '';
  #hasEnded = false;

  constructor(options: ServerOptions) {
    const { home } = options;
    mkdirSync(home, { recursive: true });
    this.#child = spawn(process.execPath, argumentsOf(options), {
      cwd: home,
      env: { ...homeEnvironment(home), ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        appendFileSync(join(home, 'output.log'), text);
      });
    }
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        this.#hasEnded = true;
        resolve({ code, signal });
      });
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get output(): string {
    return this.#output;
  }

  /** Its port; undefined where it was killed before it listened. Rejects where it ended otherwise. */
  async ready(): Promise<number | undefined> {
    const deadline = performance.now() + READY_LIMIT_MS;
    while (performance.now() < deadline) {
      const [, ...ports] = READY.exec(this.#output) ?? [];
      const port = ports.find((each) => each !== undefined);
      if (port !== undefined) return Number(port);
      if (this.#hasEnded) {
        const { signal, code } = await this.ended;
        if (signal === 'SIGKILL') return undefined;
        throw new Error(`the server ended with ${signal ?? `status ${code}`}:\n${this.#output}`);
      }
      await sleep(2);
    }
    await this.kill();
    throw new Error(`the server is not ready:\n${this.#output}`);
  }

  /** Kills it at once, where it lives. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    const { signal, code } = await this.ended;
    if (signal !== 'SIGKILL')
      throw new Error(`the server ended with ${signal ?? `status ${code}`}:\n${this.#output}`);
  }

  /** Asks it to stop. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const late = sleep(STOP_LIMIT_MS, undefined, { ref: false });
    const ended = await Promise.race([this.ended, late]);
    if (ended === undefined) this.#child.kill('SIGKILL');
    if (ended?.code !== 0)
      throw new Error(`the server did not stop as it should: ${JSON.stringify(ended)}\n${this.#output}`);
  }
}

function argumentsOf({ kind, data, durability }: ServerOptions): string[] {
  if (kind === 'bare') return [BARE, JSON.stringify({ data, share: SHARE, durability })];
  return [
    MAIN,
    'start',
    ...['--listen', '127.0.0.1:0', '--data', data, '--durability', durability],
    ...['--share', `${SHARE},squash=none`],
  ];
}
