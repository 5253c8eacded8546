import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { NFS_PROGRAM, NFS_VERSION, NfsService } from '../../src/nfs4/service.ts';
import type { Connection } from '../../src/nfs4/state/connections.ts';
import { CredentialCache } from '../../src/rpc/auth.ts';
import type { RpcConnection } from '../../src/rpc/connection.ts';
import { closeMessage, dropMessage, type Message, openMessage } from '../../src/rpc/slab.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { XdrReader, XdrWriter } from '../../src/xdr/index.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';
import { Bench } from './harness.ts';

const NO_AUTH = [0, 0];
const NULL = 0;
const RPC_VERSION = 2;

/** As much of a connection as a service needs that is called by hand. */
const rpc = {
  begin: openMessage,
  send(out: Message) {
    closeMessage(out, false);
    out.slab.release();
    dropMessage(out);
  },
  done() {},
} as unknown as RpcConnection;

it('a request alone after a while is taken for a lone one; not where it came in parts, for which the others wait', async () => {
  const bench = await Bench.of(new MemoryFileSystem() as FileSystem);
  const connection = bench.compound(1, {}).connection as Connection;
  const service = new NfsService(bench.engine);
  const auth = new CredentialCache();
  const null_ = new XdrWriter();
  for (const word of [RPC_VERSION, NFS_PROGRAM, NFS_VERSION, NULL, ...NO_AUTH, ...NO_AUTH]) null_.u32(word);
  const heard = async (requests: number): Promise<boolean> => {
    await sleep(2);
    service.heard(connection);
    for (let i = 0; i < requests; i++)
      service.call(rpc, connection, auth, i, new XdrReader(Buffer.from(null_.bytes())), null_.position);
    return service.isLone;
  };
  expect(await heard(1)).toBe(true);
  expect(await heard(2)).toBe(false);
  expect(await heard(1)).toBe(true);
  expect(await heard(0)).toBe(false);
  expect(await heard(0)).toBe(false);
  expect(await heard(1)).toBe(false);
  expect(await heard(1)).toBe(true);
});
