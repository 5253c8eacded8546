import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import path from 'node:path';
import { NfsClient } from '@dfs/nfs/client';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { Daemon } from '../src/daemon/daemon.ts';
import { EarlyListeners } from '../src/daemon/early-listeners.ts';
import { type Parts, REAL_PARTS } from '../src/daemon/parts.ts';
import { resolve, scratchFolder } from './helpers/config.ts';

const PATIENCE_MS = 60_000;

/** A port that nobody listens on, and a server that is to. */
async function world(parts: Partial<Parts> = {}) {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const free = async () => {
    other.close();
    await once(other, 'close');
  };
  const { values, origins } = resolve({ memory: true, listen: [`127.0.0.1:${port}`] });
  const env = { XDG_RUNTIME_DIR: path.join(scratchFolder(), 'run') };
  const log = pino({ level: 'silent' });
  const daemon = (early: EarlyListeners) =>
    new Daemon({ values, origins, env, log, parts: { ...REAL_PARTS, ...parts }, early });
  return { port, free, addresses: values.listen, daemon };
}

it('who connects while a server starts waits, and is answered when it has', async () => {
  const { port, free, addresses, daemon } = await world();
  await free();
  const early = await EarlyListeners.on(addresses);
  const waiting = NfsClient.start({ port, timeoutMs: PATIENCE_MS });
  const silent = connect(port, '127.0.0.1');
  await once(silent, 'connect');
  const server = daemon(early);
  await server.start();
  const session = await waiting;
  await session.renew();
  expect(server.addresses).toEqual(addresses);
  // Nothing of them is left to be closed with: they are the server's.
  early.close();
  await (await NfsClient.start({ port })).client.close();
  silent.destroy();
  await session.client.close();
  await server.stop();
});

it('a server that cannot start lets go of its addresses', async () => {
  const broken = () => {
    throw new Error('no data');
  };
  const { port, free, addresses, daemon } = await world({ openMemoryDirectory: broken });
  await free();
  const early = await EarlyListeners.on(addresses);
  await expect(daemon(early).start()).rejects.toThrow('no data');
  const [refused] = await once(connect(port, '127.0.0.1'), 'error').catch((error: unknown) => [error]);
  expect(refused).toMatchObject({ code: 'ECONNREFUSED' });
});

it('an address that somebody else has is told of, and the data not touched; one that is free by then is had', async () => {
  let opened = 0;
  const openMemoryDirectory: Parts['openMemoryDirectory'] = (options) => {
    opened++;
    return REAL_PARTS.openMemoryDirectory(options);
  };
  const { port, free, addresses, daemon } = await world({ openMemoryDirectory });
  const early = await EarlyListeners.on(addresses);
  await expect(daemon(early).start()).rejects.toThrow('in use');
  expect(opened).toBe(0);
  const next = await EarlyListeners.on(addresses);
  await free();
  const server = daemon(next);
  await server.start();
  await (await NfsClient.start({ port })).client.close();
  await server.stop();
});
