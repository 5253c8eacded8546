import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { ApiClient } from '../../packages/api/src/client-index.ts';
import type { EngineEvent } from '../../packages/nfs/src/contracts.ts';
import type { NfsServer, NfsServerOptions } from '../../packages/nfs/src/server.ts';
import { resolveConfig } from '../../packages/server/src/config/resolve.ts';
import { Daemon } from '../../packages/server/src/daemon/daemon.ts';
import { REAL_PARTS } from '../../packages/server/src/daemon/parts.ts';
import type { AuditedFiles } from './audit.ts';

/** Many histories share this process: an answer may take a while. */
const API_TIMEOUT_MS = 60_000;

/** A whole daemon in this process, its API on a socket of its own. */
export interface RunningDaemon {
  readonly server: NfsServer;
  readonly api: ApiClient;
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Starts the daemon with its real parts, but one: what it serves is `files`, and `events` hears what it hears. `times` are shorter than a
 * setting may be.
 */
export async function startDaemon(
  files: AuditedFiles,
  events: EngineEvent[],
  times: Pick<NfsServerOptions, 'delegationRecallTimeout' | 'callbackTimeout'>,
): Promise<RunningDaemon> {
  const folder = await mkdtemp(path.join(tmpdir(), 'dfs-trunking-'));
  const socketPath = path.join(folder, 'api.sock');
  const flags = { memory: true, listen: ['127.0.0.1:0'], apiSocket: socketPath };
  const { values, origins } = resolveConfig({ flags, env: { DFS_CONFIG: '' }, workingDirectory: folder });
  let server: NfsServer | undefined;
  const daemon = new Daemon({
    values,
    origins,
    env: { XDG_RUNTIME_DIR: folder },
    parts: { ...REAL_PARTS, createNfsServer: async (options) => (server = await audited(options)) },
    log: pino({ level: 'silent' }),
  });
  const audited = (options: NfsServerOptions) =>
    REAL_PARTS.createNfsServer({
      ...options,
      ...times,
      shares: options.shares.map((share) => ({ ...share, squash: 'none', fileSystem: files.fileSystem })),
      onEvent: (event) => {
        events.push(event);
        options.onEvent?.(event);
      },
    });
  await daemon.start();
  const port = daemon.addresses[0]?.port;
  if (server === undefined || port === undefined) throw new Error('the daemon has made no server');
  return {
    server,
    api: new ApiClient({ socketPath }, { timeoutMs: API_TIMEOUT_MS }),
    port,
    stop: async () => {
      await daemon.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
