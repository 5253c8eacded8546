import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { NfsServer, NfsServerOptions } from '@dfs/nfs';
import { openMemoryDirectory, type StorageEvent } from '@dfs/storage';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { ConfigFlags } from '../src/config/flags.ts';
import { Daemon } from '../src/daemon/daemon.ts';
import { type Parts, REAL_PARTS } from '../src/daemon/parts.ts';
import { resolve, scratchFolder } from './helpers/config.ts';

const NO_FIGURES = {
  clients: 0,
  sessions: 0,
  connections: 0,
  opens: 0,
  locks: 0,
  inGrace: false,
  requests: 0,
  bytesIn: 0,
  bytesOut: 0,
};

/** An engine that does what a test says, and tells what was done to it. */
class FakeEngine implements Pick<NfsServer, 'addresses' | 'listen' | 'stats' | 'close'> {
  readonly addresses: NfsServer['addresses'][number][] = [];
  readonly did: string[] = [];
  options: NfsServerOptions | undefined;
  failListen: Error | undefined;
  failClose: Error | undefined;

  async listen(address: NfsServer['addresses'][number]): Promise<typeof address> {
    if (this.failListen !== undefined && this.addresses.length > 0) throw this.failListen;
    this.addresses.push(address);
    return address;
  }
  stats(): typeof NO_FIGURES {
    return NO_FIGURES;
  }
  async close(drainMs?: number): Promise<void> {
    this.did.push(`close ${drainMs}`);
    if (this.failClose !== undefined) throw this.failClose;
  }
}

interface World {
  readonly daemon: Daemon;
  readonly engine: FakeEngine;
  readonly log: { level: string; msg: string }[];
  readonly closedStores: () => number;
  readonly tellOfStore: (event: StorageEvent) => void;
}

function world(flags: ConfigFlags = {}): World {
  const engine = new FakeEngine();
  const log: { level: string; msg: string }[] = [];
  let closed = 0;
  let onEvent: ((event: StorageEvent) => void) | undefined;
  const parts: Parts = {
    ...REAL_PARTS,
    openMemoryDirectory(options) {
      onEvent = options?.onEvent;
      const directory = openMemoryDirectory(options);
      const close = directory.close.bind(directory);
      directory.close = async () => {
        closed += 1;
        await close();
      };
      return directory;
    },
    async createNfsServer(options) {
      engine.options = options;
      // The daemon uses no more of it than this.
      return engine as unknown as NfsServer;
    },
  };
  const runtime = scratchFolder();
  const { values, origins } = resolve({ memory: true, ...flags });
  const stream = { write: (line: string) => void log.push(JSON.parse(line) as (typeof log)[number]) };
  const logger = pino({ level: 'info', formatters: { level: (level) => ({ level }) } }, stream);
  const env = { XDG_RUNTIME_DIR: runtime };
  const daemon = new Daemon({ values, origins, env, parts, log: logger });
  return { daemon, engine, log, closedStores: () => closed, tellOfStore: (event) => onEvent?.(event) };
}

describe('the daemon', () => {
  it('hands the settings to the engine', async () => {
    const settings = [
      'lease_time=20',
      'max_connections=1',
      'max_clients=2',
      'max_sessions_per_client=3',
      'max_session_slots=4',
      'max_compound_ops=16',
      'max_read_size=8KiB',
      'max_write_size=16KiB',
      'v4_min_minor_version=2',
      'domain=example.org',
      'drain_time=7',
    ];
    const { daemon, engine } = world({
      set: settings,
      share: ['/a,ro,clients=::1,squash=all,anon_uid=5,anon_gid=6,privileged_port', '/b'],
    });
    await daemon.start();
    expect(engine.options).toMatchObject({
      leaseTime: 20,
      gracePeriod: 20,
      domain: 'example.org',
      minMinorVersion: 2,
      maxMinorVersion: 2,
      limits: {
        maxConnections: 1,
        maxClients: 2,
        maxSessionsPerClient: 3,
        maxSessionSlots: 4,
        maxCompoundOps: 16,
        maxReadSize: 8192,
        maxWriteSize: 16_384,
      },
    });
    expect(engine.options?.shares).toEqual([
      expect.objectContaining({
        id: 1,
        path: '/a',
        readOnly: true,
        clients: ['::1'],
        squash: 'all',
        anonymousUid: 5,
        anonymousGid: 6,
        requirePrivilegedPort: true,
      }),
      expect.objectContaining({ id: 2, path: '/b', readOnly: false, squash: 'root' }),
    ]);
    expect(engine.options?.shares[1]).not.toHaveProperty('clients');
    await daemon.stop();
    expect(engine.did).toEqual(['close 7000']);
  });

  it('closes what it has opened when a listener fails', async () => {
    const { daemon, engine, closedStores } = world({ listen: ['127.0.0.1:1', '127.0.0.1:2'] });
    engine.failListen = Object.assign(new Error('taken'), { code: 'EADDRINUSE' });
    await expect(daemon.start()).rejects.toThrow('127.0.0.1:2 is in use');
    expect(engine.did).toEqual(['close 5000']);
    expect(closedStores()).toBe(1);
  });

  it('closes the stores though the engine does not close well, and says so', async () => {
    const { daemon, engine, log, closedStores } = world();
    engine.failClose = new Error('stuck');
    await daemon.start();
    const socket = daemon.apiAddresses[0] ?? '';
    expect(existsSync(socket)).toBe(true);
    expect(await daemon.stop()).toBe(false);
    expect(closedStores()).toBe(1);
    expect(existsSync(socket)).toBe(false);
    expect(log).toContainEqual(
      expect.objectContaining({ level: 'error', msg: 'could not close the NFS server' }),
    );
  });

  it('stops once, however often it is asked', async () => {
    const { daemon, engine, closedStores } = world();
    await daemon.start();
    expect(await Promise.all([daemon.stop(), daemon.stop()])).toEqual([true, true]);
    expect(engine.did).toHaveLength(1);
    expect(closedStores()).toBe(1);
    expect(daemon.status().state).toBe('stopping');
  });

  it('reports a store that has failed', async () => {
    const { daemon, log, tellOfStore } = world({ share: ['/a', '/b'] });
    await daemon.start();
    tellOfStore({
      type: 'stopped',
      stop: { cause: 'metadata', code: 'EIO', reason: 'disk gone', since: Date.now() },
    });
    const errors = log.filter(({ level }) => level === 'error');
    expect(errors).toEqual([
      expect.objectContaining({ share: '/a', reason: 'disk gone', cause: 'metadata' }),
      expect.objectContaining({ share: '/b', reason: 'disk gone', cause: 'metadata' }),
    ]);
    expect(errors[0]?.msg).toContain('dfsctl share start /a');
    await daemon.stop();
  });

  it('removes only its own pid file', async () => {
    const file = path.join(scratchFolder(), 'pid');
    const { daemon } = world({ pidFile: file });
    await daemon.start();
    expect(readFileSync(file, 'utf8')).toBe(`${process.pid}\n`);
    writeFileSync(file, '1\n');
    await daemon.stop();
    expect(readFileSync(file, 'utf8')).toBe('1\n');
  });

  it('logs what the engine tells, faults with their cause', async () => {
    const { daemon, engine, log } = world();
    await daemon.start();
    engine.options?.onEvent?.({ type: 'grace_started', seconds: 90, clients: 2 });
    engine.options?.onEvent?.({ type: 'connection_closed', connection: 1, reason: 'FIN' });
    engine.options?.onEvent?.({ type: 'fault', operation: 'WRITE', error: new Error('broken') });
    await daemon.stop();
    expect(log).toContainEqual(
      expect.objectContaining({ level: 'info', msg: 'nfs: grace started', seconds: 90, clients: 2 }),
    );
    expect(log).toContainEqual(
      expect.objectContaining({
        level: 'error',
        msg: 'nfs: fault',
        err: expect.objectContaining({ message: 'broken' }),
      }),
    );
    expect(log.some((line) => line.msg.includes('connection'))).toBe(false);
  });
});
