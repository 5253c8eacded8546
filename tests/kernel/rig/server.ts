import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Address } from '../options.ts';
import { sleep, stop } from './process.ts';

/** The server under test, started for the run. */
export type TestServer = {
  /** Resolves when it is gone; while it should be there that is a failure of its own. */
  readonly gone: Promise<number | null>;
  /** Asks it to stop; answers with what was wrong about the way it did. */
  readonly stop: () => Promise<string | undefined>;
};

export type ServerOptions = {
  readonly root: string;
  readonly address: Address;
  /** Its data, log and state lie here. */
  readonly dir: string;
  readonly cpus: string | undefined;
  /** More of its arguments; `--memory` takes the place of the data directory. */
  readonly args?: readonly string[];
};

const READY_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;
const POLL_MS = 100;
const SHARE = 'export';

export const sharePath = `/${SHARE}`;
export const serverLog = (dir: string): string => join(dir, 'server.log');

function accepts({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const answer = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
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
  const { root, dir, address } = options;
  mkdirSync(dir, { recursive: true });
  const more = options.args ?? [];
  const data = more.includes('--memory') ? [] : ['--data', join(dir, 'data')];
  const args = ['start', ...data, ...more, '--listen', `${address.host}:${address.port}`];
  args.push('--share', `${SHARE},squash=none`, '--log-format', 'json', '--pid-file', join(dir, 'pid'));
  // Its default places are the user's: what it keeps there must not meet a server of theirs.
  const env = { ...process.env, XDG_STATE_HOME: join(dir, 'state'), XDG_RUNTIME_DIR: join(dir, 'runtime') };
  mkdirSync(env.XDG_RUNTIME_DIR, { recursive: true, mode: 0o700 });
  const command = [join(root, 'bin/dfs'), ...args];
  const [program = '', ...rest] =
    options.cpus === undefined ? command : ['taskset', '-c', options.cpus, ...command];
  return spawn(program, rest, { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Starts dfs and waits until it says that it is ready and accepts; an Error with the end of its log otherwise. */
export async function startServer(options: ServerOptions): Promise<TestServer> {
  const child = launch(options);
  const last: string[] = [];
  const log = createWriteStream(serverLog(options.dir));
  let ready = false;
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      log.write(`${line}\n`);
      last.push(message(line));
      if (last.length > 10) last.shift();
      ready ||= /\bready\b/.test(message(line));
    });
  }
  let ended: string | undefined;
  const gone = new Promise<number | null>((resolve) => {
    const over = (how: string, code: number | null): void => {
      ended = how;
      resolve(code);
    };
    child.once('error', (error) => over(`does not start: ${error.message}`, null));
    child.once('exit', (code, signal) => over(`ended with ${signal ?? `status ${code}`}`, code));
  });
  const deadline = Date.now() + READY_LIMIT_MS;
  const failed = (why: string): Error =>
    new Error(`the server ${why}; it said last:\n  ${last.join('\n  ')}`);
  while (!(ready && (await accepts(options.address)))) {
    if (ended !== undefined) throw failed(ended);
    if (Date.now() > deadline) {
      await stop(child, STOP_LIMIT_MS);
      throw failed(ready ? 'does not accept connections' : 'does not say that it is ready');
    }
    await sleep(POLL_MS);
  }
  return { gone, stop: () => stopServer(child) };
}

async function stopServer(child: ChildProcess): Promise<string | undefined> {
  if (child.exitCode !== null || child.signalCode !== null)
    return `it was gone before, with ${child.signalCode ?? `status ${child.exitCode}`}`;
  if (!(await stop(child, STOP_LIMIT_MS))) return `SIGTERM did not stop it within ${STOP_LIMIT_MS / 1000} s`;
  return child.exitCode === 0
    ? undefined
    : `it stopped with ${child.signalCode ?? `status ${child.exitCode}`}`;
}
