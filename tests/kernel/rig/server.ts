import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Address } from '../options.ts';
import { ended, sleep, stop } from './process.ts';

export type ServerOptions = {
  readonly root: string;
  /** It listens on all of them. */
  readonly addresses: readonly Address[];
  /** Its data, log and state lie here. */
  readonly dir: string;
  readonly cpus: string | undefined;
  /** More of its arguments; `--memory` takes the place of the data directory. */
  readonly args?: readonly string[];
};

const READY_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;
const POLL_MS = 20;
/** An address that is not there answers nothing, and TCP asks for minutes. */
const CONNECT_LIMIT_MS = 2_000;
const KEPT_LINES = 10;
const MS = 1000;
const SHARE = 'export';

export const sharePath = `/${SHARE}`;
const dataIn = (dir: string): string => join(dir, 'data');
export const serverLog = (dir: string): string => join(dir, 'server.log');

function accepts({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_LIMIT_MS });
    const answer = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket
      .once('connect', () => answer(true))
      .once('error', () => answer(false))
      .once('timeout', () => answer(false));
  });
}

/** The message of a line of the JSON log, or the line itself. */
function message(line: string): string {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === 'object' && parsed !== null && 'msg' in parsed) return String(parsed.msg);
  } catch {
    // not JSON: as it is
  }
  return line;
}

function launch(options: ServerOptions): ChildProcess {
  const { root, dir, addresses } = options;
  mkdirSync(dir, { recursive: true });
  const more = options.args ?? [];
  const data = more.includes('--memory') ? [] : ['--data', dataIn(dir)];
  const args = ['start', ...data, ...more, '--pid-file', join(dir, 'pid')];
  for (const { host, port } of addresses) args.push('--listen', `${host}:${port}`);
  args.push('--share', `${SHARE},squash=none`, '--log-format', 'json');
  // Its default places are the user's: what it keeps there must not meet a server of theirs.
  const env = { ...process.env, XDG_STATE_HOME: join(dir, 'state'), XDG_RUNTIME_DIR: join(dir, 'runtime') };
  mkdirSync(env.XDG_RUNTIME_DIR, { recursive: true, mode: 0o700 });
  const command = [join(root, 'bin/dfs'), ...args];
  const [program = '', ...rest] =
    options.cpus === undefined ? command : ['taskset', '-c', options.cpus, ...command];
  return spawn(program, rest, { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** One process of the server, from its start to its end. */
class Life {
  readonly child: ChildProcess;
  readonly #last: string[] = [];
  #ready = false;
  #listens: number | undefined;
  #ended: string | undefined;

  constructor(options: ServerOptions, log: WriteStream) {
    this.child = launch(options);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        log.write(`${line}\n`);
        this.#last.push(message(line));
        if (this.#last.length > KEPT_LINES) this.#last.shift();
        this.#ready ||= /\bready\b/.test(message(line));
      });
    }
    this.child.once('error', (error) => {
      this.#ended = `does not start: ${error.message}`;
    });
    this.child.once('exit', (code, signal) => {
      this.#ended = `ended with ${signal ?? `status ${code}`}`;
    });
  }

  /** Until it says that it is ready, and accepts; an Error with the end of its log otherwise. */
  async ready(addresses: readonly Address[]): Promise<void> {
    const deadline = Date.now() + READY_LIMIT_MS;
    const failed = (why: string): Error =>
      new Error(`the server ${why}; it said last:\n  ${this.#last.join('\n  ')}`);
    while (!(await this.#accepts(addresses)) || !this.#ready) {
      if (this.#ended !== undefined) throw failed(this.#ended);
      if (Date.now() > deadline) {
        await stop(this.child, STOP_LIMIT_MS);
        throw failed(
          this.#listens === undefined ? 'does not accept connections' : 'does not say that it is ready',
        );
      }
      await sleep(POLL_MS);
    }
  }

  async #accepts(addresses: readonly Address[]): Promise<boolean> {
    if (this.#listens === undefined && (await Promise.all(addresses.map(accepts))).every((yes) => yes))
      this.#listens = Date.now();
    return this.#listens !== undefined;
  }

  /** Milliseconds since 1970 when it was first found to accept at all addresses: what comes waits there until it is ready. */
  get listens(): number {
    return this.#listens ?? Date.now();
  }
}

/** The server under test, started for the run. */
export class TestServer {
  /** Resolves when it is gone though nobody asked it to; that is a failure of its own. */
  readonly gone: Promise<number | null>;
  readonly #options: ServerOptions;
  readonly #log: WriteStream;
  readonly #tellGone: (code: number | null) => void;
  #life: Life;
  /** It ends because the test wants it to. */
  #ending = false;

  private constructor(options: ServerOptions) {
    this.#options = options;
    this.#log = createWriteStream(serverLog(options.dir));
    const { promise, resolve } = Promise.withResolvers<number | null>();
    this.gone = promise;
    this.#tellGone = resolve;
    this.#life = this.#begin();
  }

  #begin(...more: string[]): Life {
    const { args = [] } = this.#options;
    const life = new Life({ ...this.#options, args: [...args, ...more] }, this.#log);
    life.child.once('exit', (code) => {
      if (!this.#ending) this.#tellGone(code);
    });
    return life;
  }

  /** Starts dfs and waits until it is ready. */
  static async start(options: ServerOptions): Promise<TestServer> {
    mkdirSync(options.dir, { recursive: true });
    const server = new TestServer(options);
    await server.#life.ready(options.addresses);
    return server;
  }

  /** Where its API listens. */
  get apiSocket(): string {
    return join(dataIn(this.#options.dir), 'api.sock');
  }

  /** Kills it at once and starts it again on the same data; seconds since 1970, of the kill, of accepting connections, and of being ready. */
  async crash(): Promise<readonly [from: number, listens: number, to: number]> {
    const { child } = this.#life;
    const from = Date.now() / MS;
    this.#ending = true;
    child.kill('SIGKILL');
    await ended(child, STOP_LIMIT_MS);
    this.#ending = false;
    this.#life = this.#begin();
    await this.#life.ready(this.#options.addresses);
    return [from, this.#life.listens / MS, Date.now() / MS];
  }

  /** Another process goes on with its data: one that starts when it has stopped, or one that takes its place. Seconds since 1970, as above. */
  async handOver(how: 'restart' | 'replace'): Promise<readonly [from: number, to: number]> {
    const { child } = this.#life;
    const from = Date.now() / MS;
    this.#ending = true;
    if (how === 'restart') {
      child.kill('SIGTERM');
      await ended(child, STOP_LIMIT_MS);
    }
    this.#life = how === 'replace' ? this.#begin('--replace') : this.#begin();
    await this.#life.ready(this.#options.addresses);
    if (how === 'replace') await ended(child, STOP_LIMIT_MS);
    this.#ending = false;
    return [from, Date.now() / MS];
  }

  /** Asks it to stop; answers with what was wrong about the way it did. */
  async stop(): Promise<string | undefined> {
    const { child } = this.#life;
    if (child.exitCode !== null || child.signalCode !== null)
      return `it was gone before, with ${child.signalCode ?? `status ${child.exitCode}`}`;
    if (!(await stop(child, STOP_LIMIT_MS))) return `SIGTERM did not stop it within ${STOP_LIMIT_MS / MS} s`;
    return child.exitCode === 0
      ? undefined
      : `it stopped with ${child.signalCode ?? `status ${child.exitCode}`}`;
  }
}
