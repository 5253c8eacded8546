import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../../packages/api/src/client-index.ts';
import { type ConnectOptions, RpcConnection } from '../../packages/nfs/src/client/index.ts';
import type { EngineEvent } from '../../packages/nfs/src/contracts.ts';
import type { NfsServer, NfsServerOptions } from '../../packages/nfs/src/server.ts';
import { createNfsServer } from '../../packages/nfs/src/server.ts';
import { TcpNfsServer } from '../../packages/nfs/src/tcp-server.ts';
import { AuditedFiles } from './audit.ts';
import { PipeEnd } from './pipe.ts';
import type { Random } from './random.ts';
import { VirtualTime } from './virtual-time.ts';

/** Seconds. In virtual time nothing is quick or slow; over TCP nobody's lease must end by accident. */
export const LEASE = 90;
const WIRE_RECALL = 1;
const WIRE_CALLBACK = 0.3;
const SHORT_RECALL = 2;
const SHORT_RECALLS = 0.3;
/** Real milliseconds. */
const REPLY_TIMEOUT_MS = 10_000;
const NEVER_MS = 1_000_000_000;
const WIRE_PAUSE_MS = 2;
const VIRTUAL_PAUSE_MS = 50;
const NFS_PORT = 2049;
const VIRTUAL_TURNS = 3;

/** The server under test, where it runs in this process. */
export interface Inside {
  readonly server: NfsServer;
  readonly files: AuditedFiles;
  /** Since the last look. */
  readonly events: EngineEvent[];
  /** The management API of the daemon around it, where there is one. */
  readonly api: ApiClient | undefined;
}

/** What a history runs against. */
export interface Backend {
  readonly path: string;
  readonly inside: Inside | undefined;
  /** Time that the history may let go by; undefined where it is everybody's. */
  readonly time: VirtualTime | undefined;
  connect(options: Partial<ConnectOptions>): Promise<RpcConnection>;
  /** Lets what is under way go on for a moment. */
  pause(): Promise<void>;
  stop(): Promise<void>;
}

export type Mode = 'engine' | 'wire';

function options(files: AuditedFiles, events: EngineEvent[]): NfsServerOptions {
  return {
    shares: [{ id: 1, path: '/export', fileSystem: files.fileSystem, squash: 'none' }],
    leaseTime: LEASE,
    onEvent: (event) => events.push(event),
  };
}

async function overTcp(): Promise<Backend> {
  const [files, events] = [new AuditedFiles(), [] as EngineEvent[]];
  const times = { delegationRecallTimeout: WIRE_RECALL, callbackTimeout: WIRE_CALLBACK };
  // Without a daemon there is no need for all that it is made of.
  const { startDaemon } = await import('./daemon.ts');
  const { server, api, port, stop } = await startDaemon(files, events, times);
  return {
    path: '/export',
    inside: { server, files, events, api },
    time: undefined,
    connect: (more) =>
      RpcConnection.connect({ timeoutMs: REPLY_TIMEOUT_MS, ...more, host: '127.0.0.1', port }),
    pause: () => sleep(WIRE_PAUSE_MS),
    stop,
  };
}

/** Server and clients as they are, but no socket, no time and no chance between them. */
async function inMemory(random: Random): Promise<Backend> {
  const time = new VirtualTime();
  const restore = time.install();
  const [files, events] = [new AuditedFiles(), [] as EngineEvent[]];
  const randomness = { bytes: (count: number) => random.bytes(count) };
  // In some histories clients are given little time to return a delegation: they lose it.
  const delegationRecallTimeout = random.chance(SHORT_RECALLS) ? SHORT_RECALL : LEASE;
  const more = { clock: time, randomness, delegationRecallTimeout };
  const server = await createNfsServer({ ...options(files, events), ...more });
  if (!(server instanceof TcpNfsServer)) throw new TypeError('the server takes no connections of others');
  return {
    path: '/export',
    inside: { server, files, events, api: undefined },
    time,
    connect: async (more) => {
      const [client, accepted] = PipeEnd.pair(NFS_PORT);
      server.accept(accepted.asSocket());
      const made: unknown = Reflect.construct(RpcConnection, [client, { timeoutMs: NEVER_MS, ...more }]);
      return made as RpcConnection;
    },
    pause: async () => {
      for (let turn = 0; turn < VIRTUAL_TURNS; turn++) await nextTurn();
      await time.advance(VIRTUAL_PAUSE_MS);
    },
    stop: async () => {
      const closed = server.close(0);
      await time.advance(1);
      await nextTurn();
      await time.advance(1);
      restore();
      await closed;
    },
  };
}

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** A server that runs elsewhere: nothing of it is known but what it answers. */
function elsewhere({ host, port, path }: Target): Backend {
  return {
    path,
    inside: undefined,
    time: undefined,
    connect: (more) => RpcConnection.connect({ timeoutMs: REPLY_TIMEOUT_MS, ...more, host, port }),
    pause: () => sleep(WIRE_PAUSE_MS),
    stop: () => Promise.resolve(),
  };
}

export function startBackend(mode: Mode, random: Random, target: Target | undefined): Promise<Backend> {
  if (target !== undefined) return Promise.resolve(elsewhere(target));
  return mode === 'engine' ? inMemory(random) : overTcp();
}
