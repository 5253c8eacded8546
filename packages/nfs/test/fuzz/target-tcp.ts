import {
  authSys,
  encodeCall,
  encodeCompound,
  fragmentHeader,
  NFS_PROGRAM,
  NFS_VERSION,
  nextXid,
  ops,
  Procedure,
  type RpcConnection,
  toFragments,
} from '../../src/client/index.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { Mutator } from './mutate.ts';
import { Finding } from './world.ts';

const CLOSE_MS = 5_000;
/** Inputs between two proofs that a proper client is served. */
const ROUND = 500;

/** A request of a proper client, captured from the builders, as it goes over the wire. */
function capture(handle: Buffer): Buffer[] {
  const lists = [
    [ops.putrootfh(), ops.getattr([1, 3, 4])],
    [ops.exchangeId({ ownerId: Buffer.from('tcp'), verifier: Buffer.alloc(8) })],
    [ops.putfh(handle), ops.readdir({ attributes: [1, 4, 20] })],
    [ops.putfh(handle), ops.lookup('file'), ops.read({ seqid: 0, a: 0, b: 0, c: 0 }, 0, 100)],
    [],
  ];
  return lists.map((list) => {
    const header = {
      xid: nextXid(),
      program: NFS_PROGRAM,
      version: NFS_VERSION,
      procedure: Procedure.COMPOUND,
    };
    return encodeCall({ ...header, credential: authSys({ uid: 0, gid: 0 }) }, encodeCompound(list));
  });
}

function input(mutator: Mutator, captured: readonly Buffer[]): Buffer {
  const record = mutator.mutate(mutator.pick(captured), captured);
  switch (mutator.below(5)) {
    case 0:
      return mutator.mutate(toFragments(record), captured);
    case 1:
      return toFragments(record, [mutator.below(10), mutator.below(100), mutator.below(10)]);
    case 2:
      return Buffer.concat([fragmentHeader(mutator.word() % 2 ** 31, mutator.chance(0.5)), record]);
    default:
      return toFragments(record);
  }
}

/** Fuzzes a real server over real sockets. Every so often a connection is left, half-closed or reset, and a proper client must be served. */
export async function fuzzTcp(seed: number, count: number): Promise<void> {
  const mutator = new Mutator(seed ^ 0x7c9);
  await using server = await startServer();
  const f = await server.files();
  await f.writeFile('file', Buffer.alloc(1000, 1));
  const captured = capture(f.root);
  let connection = await server.connect();
  for (let i = 0; i < count; i++) {
    if (!connection.isOpen || mutator.chance(0.02)) {
      await leave(mutator, connection);
      connection = await server.connect();
    }
    connection.sendBytes(input(mutator, captured));
    if (i % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (i % ROUND === ROUND - 1) await prove(server, i);
  }
  await leave(mutator, connection);
  await prove(server, count);
}

async function leave(mutator: Mutator, connection: RpcConnection): Promise<void> {
  if (!connection.isOpen || mutator.chance(0.3)) connection.reset();
  else if (mutator.chance(0.5)) connection.halfClose();
  else await connection.close();
  const late = new Promise((resolve) => setTimeout(resolve, CLOSE_MS, 'late').unref());
  if ((await Promise.race([connection.closed, late])) === 'late') {
    throw new Finding('a connection was not closed', Buffer.alloc(0));
  }
}

async function prove(server: TestServer, i: number): Promise<void> {
  const f = await server.files();
  const name = `proof${i}`;
  await f.mkdir(name);
  await f.remove(name);
  const { client } = f.session;
  await f.session.destroy();
  await client.destroyClientId();
  await client.close();
  const fault = server.faults[0];
  if (fault?.type === 'fault') throw new Finding(`fault in ${fault.operation}`, Buffer.alloc(0), fault.error);
}
