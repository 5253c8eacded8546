import {
  Attr,
  type ClientOp,
  CreateMode,
  encodeArgs,
  encodeAttributes,
  KNOWN_ATTRIBUTES,
  LockType,
  Op,
  OpenClaim,
  ops,
  type Stateid,
} from '../../src/client/index.ts';
import { FileType } from '../../src/vfs/index.ts';
import type { WorldSession } from './world.ts';

/** An operation as bytes, and how its result is read. */
export interface Seed {
  readonly op: number;
  readonly args: Buffer;
  readonly decoder: ClientOp;
  /** PUTFH of an object on which it makes sense. */
  readonly place: ClientOp;
}

/** Operations that stand alone and outside of a session. */
export const ALONE: ReadonlySet<number> = new Set<number>([
  Op.EXCHANGE_ID,
  Op.CREATE_SESSION,
  Op.BIND_CONN_TO_SESSION,
  Op.DESTROY_SESSION,
  Op.DESTROY_CLIENTID,
]);

interface Things {
  readonly handles: readonly Buffer[];
  readonly stateids: readonly Stateid[];
  readonly locks: readonly Stateid[];
  readonly clientId: bigint;
  readonly sessionId: Buffer;
}

/** Makes files, opens and locks in a directory of their own, so that the seeds below do what they say. */
async function furnish(session: WorldSession): Promise<Things> {
  const { world, clientId } = session;
  const run = async (list: readonly ClientOp[]) =>
    (await session.compound(list)).results.map((result) => result.value);
  const place = [ops.putrootfh(), ops.lookup('export')];
  const made = await run([
    ...place,
    ops.create({ type: FileType.DIRECTORY }, session.owner, { mode: 0o777 }),
    ops.getfh(),
  ]);
  const home = made[3] as Buffer;
  const handles: Buffer[] = [home];
  const stateids: Stateid[] = [];
  const locks: Stateid[] = [];
  const owner = { clientId, owner: Buffer.from('corpus') };
  for (const name of ['file', 'second']) {
    const open = ops.open({
      access: 3,
      owner,
      create: { mode: CreateMode.UNCHECKED, attributes: { mode: 0o666 } },
      claim: { claim: OpenClaim.NULL, name },
    });
    const values = await run([ops.putfh(home), open, ops.getfh()]);
    const { stateid } = values[1] as { stateid: Stateid };
    handles.push(values[2] as Buffer);
    stateids.push(stateid);
    const locker = { openStateid: stateid, owner };
    const here = ops.putfh(values[2] as Buffer);
    const locked = await run([
      here,
      ops.write(stateid, 0, Buffer.alloc(9000, 7)),
      ops.lock({ type: LockType.WRITE, offset: 5, length: 9, locker }),
    ]);
    locks.push(locked[2] as Stateid);
  }
  for (const [name, type] of [
    ['dir', { type: FileType.DIRECTORY }],
    ['link', { type: FileType.SYMLINK, target: 'file' }],
    ['fifo', { type: FileType.FIFO }],
  ] as const) {
    const values = await run([ops.putfh(home), ops.create(type, name, { mode: 0o777 }), ops.getfh()]);
    if (values[2] !== undefined) handles.push(values[2] as Buffer);
  }
  world.check(Buffer.alloc(0));
  return { handles, stateids, locks, clientId, sessionId: session.id };
}

function handleSeeds({ handles }: Things): ClientOp[] {
  const names = ['file', 'second', 'dir', 'link', 'new', 'x', 'ä'];
  return [
    ...handles.map((handle) => ops.putfh(handle)),
    ops.putrootfh(),
    ops.putpubfh(),
    ops.savefh(),
    ops.restorefh(),
    ops.lookupp(),
    ops.getfh(),
    ops.access(0x1ff),
    ops.secinfo('file'),
    ops.secinfoNoName(0),
    ops.secinfoNoName(1),
    ops.openattr(true),
    ops.readlink(),
    ...names.flatMap((name) => [
      ops.lookup(name),
      ops.remove(name),
      ops.link(name),
      ops.rename('file', name),
    ]),
    ...[FileType.DIRECTORY, FileType.SYMLINK, FileType.BLOCK, FileType.FIFO].map((type) =>
      ops.create({ type, target: 'file', device: { major: 1, minor: 2 } }, 'made', { mode: 0o700 }),
    ),
    ops.readdir({ attributes: KNOWN_ATTRIBUTES }),
    ops.readdir({ cookie: 3, maxCount: 400, dirCount: 100, attributes: [Attr.TYPE, Attr.FILEHANDLE] }),
    ops.getattr(KNOWN_ATTRIBUTES),
    ops.getattr([Attr.TYPE, Attr.SIZE]),
    ops.verify(encodeAttributes({ size: 9000 })),
    ops.nverify(encodeAttributes({ size: 9000, mode: 0o600 })),
  ];
}

function openSeeds({ stateids, clientId }: Things): ClientOp[] {
  const owner = { clientId, owner: Buffer.from('fuzz') };
  const by = { claim: OpenClaim.NULL, name: 'file' } as const;
  const attributes = { mode: 0o644 };
  const verifier = Buffer.alloc(8, 5);
  return [
    ops.open({ access: 1, owner, claim: by }),
    ops.open({ access: 0x403, deny: 1, owner, claim: by }),
    ops.open({ access: 0x101, owner, claim: { claim: OpenClaim.FH } }),
    ops.open({
      access: 3,
      owner,
      claim: by,
      create: { mode: CreateMode.UNCHECKED, attributes: { ...attributes, size: 0 } },
    }),
    ops.open({
      access: 3,
      owner,
      claim: { ...by, name: 'g' },
      create: { mode: CreateMode.GUARDED, attributes },
    }),
    ops.open({
      access: 3,
      owner,
      claim: { ...by, name: 'e' },
      create: { mode: CreateMode.EXCLUSIVE, verifier },
    }),
    ops.open({
      access: 3,
      owner,
      claim: { ...by, name: 'e' },
      create: { mode: CreateMode.EXCLUSIVE_1, verifier, attributes },
    }),
    ops.open({ access: 1, owner, claim: { claim: OpenClaim.PREVIOUS, delegation: 0 } }),
    ...stateids.flatMap((stateid) => [
      ops.open({ access: 1, owner, claim: { claim: OpenClaim.DELEGATE_CUR, stateid, name: 'file' } }),
      ops.open({ access: 1, owner, claim: { claim: OpenClaim.DELEG_CUR_FH, stateid } }),
      ops.openDowngrade(stateid, 1, 0),
      ops.close(stateid),
      ops.delegreturn(stateid),
    ]),
    ops.open({ access: 1, owner, claim: { claim: OpenClaim.DELEG_PREV_FH } }),
    ops.delegpurge(clientId),
    ops.wantDelegation(0x100, { claim: OpenClaim.FH }),
    ops.getDirDelegation(),
  ];
}

function ioSeeds({ stateids, locks, clientId }: Things): ClientOp[] {
  const owner = { clientId, owner: Buffer.from('fuzz') };
  const anonymous = { seqid: 0, a: 0, b: 0, c: 0 };
  const current = { seqid: 1, a: 0, b: 0, c: 0 };
  return [...stateids, ...locks, anonymous, current].flatMap((stateid) => [
    ops.read(stateid, 0, 5000),
    ops.write(stateid, 100, Buffer.alloc(33, 1)),
    ops.setattr(stateid, { size: 100 }),
    ops.setattr(stateid, { mode: 0o640, owner: '1', timeAccess: 'server', timeModify: { sec: 1, nsec: 2 } }),
    ops.lock({ type: LockType.READ, offset: 3, length: 10, locker: { openStateid: stateid, owner } }),
    ops.lock({ type: LockType.WRITEW, offset: 0, length: 2n ** 64n - 1n, locker: { lockStateid: stateid } }),
    ops.lockt(LockType.WRITE, 0, 100, owner),
    ops.locku(stateid, LockType.WRITE, 0, 20),
    ops.commit(0, 100),
    ops.freeStateid(stateid),
    ops.testStateid([stateid, anonymous]),
  ]);
}

function newSeeds({ stateids }: Things): ClientOp[] {
  return stateids.flatMap((stateid) => [
    ops.allocate(stateid, 0, 100),
    ops.deallocate(stateid, 10, 100),
    ops.seek(stateid, 0, 0),
    ops.seek(stateid, 0, 1),
    ops.readPlus(stateid, 0, 20_000),
    ops.copy({ from: stateid, to: stateid, fromOffset: 0, toOffset: 9000, count: 100 }),
    ops.clone({ from: stateid, to: stateid, fromOffset: 0, toOffset: 9000, count: 100 }),
    ops.copyNotify(stateid, 'server'),
    ops.offloadStatus(stateid),
    ops.offloadCancel(stateid),
    ops.ioAdvise(stateid, 0, 100, [1]),
    ops.writeSame(stateid, { offset: 0, blockSize: 10, blocks: 10, pattern: Buffer.from('ab') }),
    ops.layoutget(stateid),
    ops.layoutcommit(stateid),
    ops.layouterror(stateid),
    ops.layoutstats(stateid),
    ops.openConfirm(stateid),
    ops.setxattr('user.a', Buffer.from('value')),
    ops.getxattr('user.a'),
    ops.listxattrs(),
    ops.listxattrs(1, 60),
    ops.removexattr('user.a'),
  ]);
}

function sessionSeeds({ clientId, sessionId }: Things): ClientOp[] {
  const channel = {
    headerPad: 0,
    maxRequest: 4096,
    maxResponse: 4096,
    maxCached: 1000,
    maxOperations: 8,
    maxRequests: 4,
  };
  return [
    ops.exchangeId({
      ownerId: Buffer.from('fuzzed'),
      verifier: Buffer.alloc(8, 2),
      implementations: [{ domain: 'd', name: 'n', date: { sec: 0, nsec: 0 } }],
    }),
    ops.exchangeId({
      ownerId: Buffer.from('ssv'),
      verifier: Buffer.alloc(8, 2),
      protection: { how: 1, enforce: [3], allow: [4] },
    }),
    ops.createSession({
      clientId,
      sequence: 2,
      flags: 2,
      fore: channel,
      back: channel,
      callbackProgram: 7,
      security: [{ flavor: 1, credential: { uid: 0, gid: 0 } }],
    }),
    ops.bindConnToSession(sessionId, 1),
    ops.bindConnToSession(sessionId, 3),
    ops.backchannelCtl(0x40000000, [{ flavor: 0 }]),
    ops.destroyClientId(1n),
    ops.destroySession(Buffer.alloc(16, 1)),
    ops.reclaimComplete(true),
    ops.setSsv(Buffer.alloc(8), Buffer.alloc(8)),
    ops.sequence({ sessionId, sequence: 1, slot: 0, highestSlot: 0, cacheThis: true }),
    ops.layoutreturn(),
    ops.getdeviceinfo(),
    ops.getdevicelist(),
    ops.renew(clientId),
    ops.setclientid(Buffer.alloc(8), Buffer.from('x')),
    ops.setclientidConfirm(1n, Buffer.alloc(8)),
    ops.releaseLockowner({ clientId, owner: Buffer.from('x') }),
  ];
}

/** Every operation as the client's own builders write it, with handles and stateids that exist in the session's world. */
export async function buildCorpus(session: WorldSession): Promise<Seed[]> {
  const things = await furnish(session);
  const [directory, ...objects] = things.handles.map((handle) => ops.putfh(handle));
  const seeds = (list: readonly ClientOp[], placeOf: (index: number) => ClientOp | undefined): Seed[] =>
    list.map((op, index) => ({
      op: op.op,
      args: encodeArgs(op),
      decoder: op,
      place: placeOf(index) ?? directory!,
    }));
  // The seeds on stateids come in as many equal parts as there are stateids: each on its own file.
  const onFiles = (list: readonly ClientOp[], parts: number) =>
    seeds(list, (index) => objects[Math.floor((index * parts) / list.length) % things.stateids.length]);
  return [
    ...seeds(handleSeeds(things), () => undefined),
    ...seeds(openSeeds(things), () => undefined),
    ...onFiles(ioSeeds(things), things.stateids.length * 3),
    ...onFiles(newSeeds(things), things.stateids.length),
    ...seeds(sessionSeeds(things), () => undefined),
  ];
}
