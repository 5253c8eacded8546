import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Something the machine lacks, or an option that makes no sense: told to the user as it is, without a stack. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

export type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type RunOptions = {
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
};

/** A command that leaves more than this many characters on a stream keeps only the last of them. */
const KEPT_OUTPUT = 4 * 1024 * 1024;

/** Runs a command to its end. `code` is null where it was killed, by its time limit or otherwise. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-KEPT_OUTPUT);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-KEPT_OUTPUT);
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs);
    child.once('error', (error) => {
      clearTimeout(limit);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(limit);
      resolve({ code, stdout, stderr });
    });
  });
}

/** Runs a command that has to succeed; an Error with the end of what it said otherwise. Answers with its stdout. */
export async function must(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const done = await run(command, args, options);
  if (done.code === 0) return done.stdout;
  const how =
    done.code === null ? 'was killed, most likely by its time limit' : `ended with status ${done.code}`;
  const said = (done.stderr.trim() || done.stdout.trim()).split('\n').slice(-5).join('\n  ');
  throw new Error(`${[command, ...args].join(' ')} ${how}${said === '' ? '' : `:\n  ${said}`}`);
}

/** Waits for a child that already runs; false where it is still there after `ms`. */
export function ended(child: ChildProcess, ms: number): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(true);
  return new Promise((resolve) => {
    const limit = setTimeout(() => {
      child.off('exit', gone);
      resolve(false);
    }, ms);
    const gone = (): void => {
      clearTimeout(limit);
      resolve(true);
    };
    child.once('exit', gone);
  });
}

/** TERM, a bounded wait, then KILL. Answers whether TERM was enough. */
export async function stop(
  child: ChildProcess,
  graceMs: number,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<boolean> {
  child.kill(signal);
  if (await ended(child, graceMs)) return true;
  child.kill('SIGKILL');
  await ended(child, graceMs);
  return false;
}

/** The full path of a program, looked for where root's programs are too, or undefined. */
export function which(program: string): string | undefined {
  const path = `${process.env['PATH'] ?? ''}${delimiter}/usr/local/sbin:/usr/sbin:/sbin`;
  for (const dir of path.split(delimiter)) {
    if (dir === '') continue;
    const file = join(dir, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not here: the next folder
    }
  }
  return undefined;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
