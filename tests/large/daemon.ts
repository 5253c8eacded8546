import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpuMs } from '../../bench/servers/cpu.ts';
import { freePort, LOOPBACK, Running } from '../../bench/servers/server.ts';
import { DEFAULT_FORE, NfsClient, ops, type Session } from '../../packages/nfs/src/client/index.ts';
import { endOf } from '../../packages/server/test/helpers/said.ts';

const DFS = join(import.meta.dirname, '../../bin/dfs');
const EXPORT = '/large';
const MICROS_PER_MS = 1000;
const KIB = 1024;
const OPERATIONS = 64;
const CALL_TIMEOUT_MS = 300_000;

/** A daemon of its own process, with one share in a data directory. */
export class Daemon {
  readonly session: Session;
  readonly root: Buffer;
  readonly #running: Running;

  private constructor(running: Running, session: Session, root: Buffer) {
    this.#running = running;
    this.session = session;
    this.root = root;
  }

  static async start(data: string): Promise<Daemon> {
    const port = await freePort(LOOPBACK.host);
    const running = new Running('dfs', LOOPBACK, DFS, [
      ...['start', '--no-config', '--data', data, '--console', 'off'],
      ...['--listen', `127.0.0.1:${port}`, '--share', `${EXPORT},squash=none`],
    ]);
    try {
      await running.listening(LOOPBACK, port);
      const session = await NfsClient.start(
        { host: '127.0.0.1', port, timeoutMs: CALL_TIMEOUT_MS },
        { fore: { ...DEFAULT_FORE, maxOperations: OPERATIONS } },
      );
      const found = await session.run([ops.putrootfh(), ops.lookup(EXPORT.slice(1)), ops.getfh()]);
      return new Daemon(running, session, found[2]);
    } catch (error) {
      await running.stop();
      throw error;
    }
  }

  /** Microseconds of CPU since it was started, of all its threads. */
  cpu(): number {
    return cpuMs(this.#running.pid) * MICROS_PER_MS;
  }

  /** Bytes of memory that are its own: what it has mapped of files goes when somebody else needs the memory. */
  memory(): number {
    const status = readFileSync(`/proc/${this.#running.pid}/status`, 'utf8');
    return Number(/RssAnon:\s+(\d+) kB/.exec(status)?.[1]) * KIB;
  }

  async stop(): Promise<void> {
    await this.session.client.close();
    await this.#running.stop();
  }
}

/** What `dfs check` found wrong or left over; empty where all is well. */
export async function check(data: string): Promise<string> {
  const args = ['check', '--no-config', '--data', data, '--output', 'json'];
  const child = spawn(DFS, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const { code, stdout, stderr } = await endOf(child);
  if (code !== 0) return `status ${code}: ${stderr}${stdout}`;
  const { damage, leftovers, shares } = JSON.parse(stdout) as Record<string, unknown>;
  const found = JSON.stringify({ damage, leftovers, shares });
  return found === JSON.stringify({ damage: 0, leftovers: 0, shares: [1] }) ? '' : found;
}
