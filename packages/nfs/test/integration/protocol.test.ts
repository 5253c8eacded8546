import { expect, it } from 'vitest';
import { ANONYMOUS_STATEID, type ClientOp, Op, ops, RawOp, Status } from '../../src/client/index.ts';
import { startServer } from '../support/server.ts';
import { refused, rpcRefused, suite } from '../support/suite.ts';

const FIRST_42 = 59;
const LAST_42 = 75;

suite('the protocol', ({ start, files, session, minor }) => {
  it('refuses other minor versions, before it looks at any operation', async () => {
    await using server = await start();
    const s = await session(server);
    const connection = await s.connection();
    for (const wrong of [0, 3, 50, 0xffffffff]) {
      const reply = await s.client.compound([new RawOp(Op.ILLEGAL)], {
        minor: wrong,
        connection,
        tag: 'tag',
      });
      expect(reply).toMatchObject({ status: Status.MINOR_VERS_MISMATCH, results: [], tag: 'tag' });
    }
  });

  it('serves only the minor versions it is told to', async () => {
    await using server = await startServer({ minMinorVersion: minor, maxMinorVersion: minor });
    const client = server.client({ minor: minor === 1 ? 2 : 1 });
    await refused(client.exchangeId(), 'NFS4ERR_MINOR_VERS_MISMATCH');
    await session(server);
  });

  it('echoes tags', async () => {
    await using server = await start();
    const s = await session(server);
    for (const tag of ['', 'a', 'ä'.repeat(200)]) {
      expect((await s.compound([ops.putrootfh()], { tag })).tag).toBe(tag);
    }
  });

  it('answers illegal operations as ILLEGAL, alone and behind SEQUENCE', async () => {
    await using server = await start();
    const s = await session(server);
    const illegal = [0, 1, 2, LAST_42 + 1, 200, 10_043, 10_044, 10_045, 0xffffffff];
    if (minor === 1) illegal.push(FIRST_42, Op.SEEK, Op.GETXATTR, LAST_42);
    for (const number of illegal) {
      const alone = await s.client.compound([new RawOp(number)]);
      expect(alone).toMatchObject({
        status: Status.OP_ILLEGAL,
        results: [{ op: Op.ILLEGAL, status: Status.OP_ILLEGAL }],
      });
      const inside = await s.compound([ops.putrootfh(), new RawOp(number), ops.getfh()]);
      expect(inside.status).toBe(Status.OP_ILLEGAL);
      expect(inside.results).toHaveLength(2);
      expect(inside.results[1]).toMatchObject({ op: Op.ILLEGAL, status: Status.OP_ILLEGAL });
    }
  });

  it('knows what it does not support, and says so', async () => {
    await using server = await start();
    const f = await files(server);
    const { clientId } = f.session.client;
    const handle = await f.writeFile('file', 'x');
    const file = await f.open('file', { access: 3 });
    const unsupported: ClientOp[] = [
      ops.layoutget(file.stateid),
      ops.layoutcommit(file.stateid),
      ops.layoutreturn(),
      ops.getdeviceinfo(),
      ops.getdevicelist(),
      ops.setSsv(Buffer.alloc(8), Buffer.alloc(8)),
      ops.wantDelegation(0x100, { claim: 4 }),
      ops.openattr(false),
      ops.delegpurge(clientId),
      ops.openConfirm(file.stateid),
      ops.renew(clientId),
      ops.setclientid(Buffer.alloc(8), Buffer.from('x')),
      ops.setclientidConfirm(1n, Buffer.alloc(8)),
      ops.releaseLockowner({ clientId, owner: Buffer.from('x') }),
    ];
    if (minor === 2) {
      unsupported.push(
        ops.copyNotify(file.stateid, 'elsewhere'),
        ops.offloadCancel(file.stateid),
        ops.offloadStatus(file.stateid),
        ops.layouterror(file.stateid),
        ops.layoutstats(file.stateid),
        ops.writeSame(file.stateid, { offset: 0, blockSize: 1, blocks: 1, pattern: Buffer.from('x') }),
      );
    }
    for (const op of unsupported) {
      const reply = await f.session.compound([ops.putfh(handle), op]);
      expect([op.op, reply.status]).toEqual([op.op, Status.NOTSUPP]);
      expect(reply.results[1]?.op).toBe(op.op);
    }
    const dir = await f.session.compound([ops.putfh(f.root), ops.getDirDelegation()]);
    expect([Status.OK, Status.NOTSUPP]).toContain(dir.status);
    const none = { seqid: 1, a: 1, b: 1, c: 1 };
    await refused(
      f.last([ops.putfh(handle)], ops.delegreturn(none)),
      'NFS4ERR_BAD_STATEID',
      'NFS4ERR_NOTSUPP',
      'NFS4ERR_STALE_STATEID',
    );
  });

  it('answers BADXDR to an operation whose arguments do not decode, and runs those before', async () => {
    await using server = await start();
    const f = await files(server);
    const cases: readonly (readonly [number, Buffer])[] = [
      [Op.PUTFH, Buffer.from('ffffffff', 'hex')],
      [Op.PUTFH, Buffer.from('000000ff', 'hex')],
      [Op.LOOKUP, Buffer.from('00000010616263', 'hex')],
      [Op.LOOKUP, Buffer.alloc(0)],
      [Op.GETATTR, Buffer.from('7fffffff', 'hex')],
      [Op.READ, Buffer.alloc(20)],
      [Op.WRITE, Buffer.alloc(28, 1)],
      [Op.OPEN, Buffer.alloc(20)],
      [Op.LOCK, Buffer.alloc(9)],
      [Op.READDIR, Buffer.alloc(10)],
      [Op.SETATTR, Buffer.alloc(10)],
      [Op.CREATE, Buffer.alloc(3)],
      [Op.TEST_STATEID, Buffer.from('10000000', 'hex')],
      [Op.SECINFO, Buffer.from('00000005', 'hex')],
      [Op.RENAME, Buffer.from('0000000161000000', 'hex')],
    ];
    const putfh = ops.putfh(f.root);
    for (const [op, bytes] of cases) {
      const reply = await f.session.compound([putfh, ops.savefh(), ops.getfh(), new RawOp(op, bytes)]);
      expect([op, reply.status]).toEqual([op, Status.BADXDR]);
      expect(reply.results).toHaveLength(4);
    }
    const cut = await f.session.compound([putfh], { count: 3 });
    expect(cut.status).toBe(Status.BADXDR);
    await f.session.renew();
  });

  it('does not mind bytes behind the last operation, or says that it does', async () => {
    await using server = await start();
    const s = await session(server);
    const trailer = Buffer.alloc(12, 1);
    const outcome = s.compound([ops.putrootfh()], { trailer });
    await outcome.then(
      (reply) => expect([Status.OK, Status.BADXDR]).toContain(reply.status),
      (error: unknown) => rpcRefused(Promise.reject(error), 'RPC_GARBAGE_ARGS'),
    );
    await s.renew();
  });

  it('stops at the first operation that fails', async () => {
    await using server = await start();
    const f = await files(server);
    const reply = await f.session.compound([
      ops.putfh(f.root),
      ops.lookup('none'),
      ops.create({ type: 2 }, 'x'),
    ]);
    expect(reply.results).toHaveLength(2);
    expect(await f.names('')).toEqual([]);
    const read = await f.session.compound([
      ops.putfh(f.root),
      ops.read(ANONYMOUS_STATEID, 0, 1),
      ops.getfh(),
    ]);
    expect(read.results).toHaveLength(2);
  });
});
