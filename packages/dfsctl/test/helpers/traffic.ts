import { setTimeout as delay } from 'node:timers/promises';
import { BindFromClient, Files, NfsClient, type Session } from '@dfs/nfs/client';

export interface Mount {
  /** What the client calls itself. */
  readonly owner: string;
  readonly connections: number;
  /** Of them, bound for both directions besides the first. */
  readonly both?: number;
  readonly localAddress?: string;
}

/** A client that has mounted, with so many connections bound to one session. */
export async function mount(
  port: number,
  { owner, connections, both = 0, localAddress }: Mount,
): Promise<Session> {
  const session = await NfsClient.start({
    port,
    ownerId: Buffer.from(owner),
    ...(localAddress !== undefined && { localAddress }),
  });
  for (let more = 1; more < connections; more++) {
    await session.addConnection(more <= both ? BindFromClient.FORE_OR_BOTH : BindFromClient.FORE);
  }
  return session;
}

/** Writes and reads pieces of so many bytes, with a pause after each, until `signal` says enough. */
export async function work(
  session: Session,
  name: string,
  bytes: number,
  pauseMs: number,
  signal: AbortSignal,
): Promise<void> {
  const files = await Files.mount(session, '/export');
  const data = Buffer.alloc(bytes, name);
  try {
    while (!signal.aborted) {
      await files.writeFile(name, data);
      await files.readFile(name);
      await delay(pauseMs, undefined, { signal });
    }
  } catch (error) {
    // The connections go when their test is over.
    if (!signal.aborted) throw error;
  }
}
