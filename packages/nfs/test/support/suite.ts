import { describe, expect } from 'vitest';
import {
  type ClientOptions,
  type Files,
  NfsStatusError,
  type OpenFile,
  RpcError,
  type Session,
  Status,
} from '../../src/client/index.ts';
import { FILE_SYSTEMS, startServer, type TestServer, type TestServerOptions } from './server.ts';

export interface Bench {
  readonly minor: 1 | 2;
  start(options?: TestServerOptions): Promise<TestServer>;
  /** A mount at /export by a client of its own, of the suite's minor version. */
  files(server: TestServer, options?: Partial<ClientOptions>): Promise<Files>;
  session(server: TestServer, options?: Partial<ClientOptions>): Promise<Session>;
}

/** Declares a suite that runs with file systems that answer at once and with ones that answer later, at both minor versions. */
export function suite(name: string, body: (bench: Bench) => void, minors: readonly (1 | 2)[] = [1, 2]): void {
  for (const minor of minors) {
    for (const fileSystem of FILE_SYSTEMS) {
      describe(`${name}, 4.${minor}, ${fileSystem.name}`, () =>
        body({
          minor,
          start: (options = {}) => startServer({ fileSystem: fileSystem.make(), ...options }),
          files: (server, options) => server.files({ minor, ...options }),
          session: (server, options) => server.session({ minor, ...options }),
        }));
    }
  }
}

/** Expects a refusal with one of these statuses ("NFS4ERR_NOENT"), and yields it. */
export async function refused(promise: Promise<unknown>, ...codes: string[]): Promise<NfsStatusError> {
  const outcome = await promise.then(
    () => 'NFS4_OK',
    (error: unknown) => error,
  );
  if (!(outcome instanceof NfsStatusError)) throw outcome instanceof Error ? outcome : notRefused(codes);
  expect(codes).toContain(outcome.code);
  return outcome;
}

function notRefused(codes: readonly string[]): Error {
  return new Error(`succeeded, where ${codes.join(' or ')} was due`);
}

/** Expects an RPC error. */
export async function rpcRefused(promise: Promise<unknown>, ...codes: string[]): Promise<RpcError> {
  const outcome = await promise.then(
    () => 'a reply',
    (error: unknown) => error,
  );
  if (!(outcome instanceof RpcError)) throw outcome instanceof Error ? outcome : notRefused(codes);
  expect(codes).toContain(outcome.code);
  return outcome;
}

/** A file that two clients have open to read and write; the first made it. */
export async function bothOpen(one: Files, two: Files): Promise<BothOpen> {
  const a = await one.open('file', { access: 3, create: 'guarded' });
  const b = await two.open('file', { access: 3 });
  return { one, two, a, b };
}

export interface BothOpen {
  readonly one: Files;
  readonly two: Files;
  readonly a: OpenFile;
  readonly b: OpenFile;
}

/** Whether the lock was granted; false where somebody else has it. */
export async function tryLock(file: OpenFile, lock: Parameters<OpenFile['lock']>[0] = {}): Promise<boolean> {
  try {
    await file.lock(lock);
    return true;
  } catch (error) {
    if (error instanceof NfsStatusError && error.status === Status.DENIED) return false;
    throw error;
  }
}

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until `condition` holds; fails after `timeoutMs`. */
export async function until(condition: () => boolean, what: string, timeoutMs = 5_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(5);
  }
}
