import {
  Attr,
  type ClientOp,
  CreateMode,
  CURRENT_STATEID,
  LockType,
  OpenClaim,
  OpenWant,
  ops,
  ShareAccess,
} from '../../packages/nfs/src/client/index.ts';
import { Stability } from '../../packages/nfs/src/vfs/index.ts';
import type { Batch, Wire } from '../engine/wire.ts';
import { WIRE_SLOTS, type World } from '../engine/world.ts';

const USUAL = [
  ...[Attr.TYPE, Attr.CHANGE, Attr.SIZE, Attr.FSID, Attr.FILEID, Attr.MODE, Attr.NUMLINKS],
  ...[Attr.OWNER, Attr.OWNER_GROUP, Attr.RAWDEV, Attr.SPACE_USED],
  ...[Attr.TIME_ACCESS, Attr.TIME_METADATA, Attr.TIME_MODIFY, Attr.MOUNTED_ON_FILEID],
];
const IO_BYTES = 4096;
const LARGE_BYTES = 1024 * 1024;
const FILE_BYTES = 2 * LARGE_BYTES;
const ENTRIES = 100;
const LOCK_BYTES = 10;
const ALL_RIGHTS = 0x3f;

/** Makes what each row needs, and its batch of eight requests. */
export async function rows(world: World, wire: Wire): Promise<Map<string, Batch>> {
  const { session, root } = world;
  const file = await world.create('file');
  await world.fill(file.handle, LARGE_BYTES);
  for (let i = 0; i < ENTRIES; i++) await world.create(`entry-${i}`);
  const { clientId } = session.client;
  const owner = (slot: number) => ({ clientId, owner: Buffer.from(`owner-${slot}`) });
  const open = (slot: number, name: string, access: number, create: boolean): ClientOp =>
    ops.open({
      access: access | OpenWant.NO_DELEG,
      owner: owner(slot),
      claim: { claim: OpenClaim.NULL, name },
      ...(create ? { create: { mode: CreateMode.UNCHECKED, attributes: { mode: 0o644 } } } : {}),
    });
  const place = ops.putfh(root);
  const target = ops.putfh(file.handle);
  const attributes = ops.getattr(USUAL);
  const stateid = { ...file.stateid, seqid: 0 };
  const write = (bytes: number, offset: number) =>
    ops.write(stateid, offset, Buffer.alloc(bytes, 1), Stability.UNSTABLE);
  const small = WIRE_SLOTS;
  const large = WIRE_SLOTS.slice(0, 2);
  const batch = (make?: (slot: number) => readonly ClientOp[], slots = small) =>
    wire.batch(session, slots, make);
  const readdir = ops.readdir({ attributes: [...USUAL, Attr.FILEHANDLE, Attr.RDATTR_ERROR] });
  return new Map([
    ['null', batch()],
    ['sequence', batch(() => [])],
    ['getattr', batch(() => [target, attributes])],
    ['lookup', batch(() => [place, ops.lookup('entry-7'), ops.getfh(), attributes])],
    ['access', batch(() => [place, ops.access(ALL_RIGHTS), attributes])],
    [
      'open-close',
      batch((slot) => [
        ...[place, open(slot, 'entry-9', ShareAccess.READ, false), ops.getfh(), attributes],
        ops.close(CURRENT_STATEID),
      ]),
    ],
    [
      'lock',
      batch((slot) => [
        target,
        ops.lock({
          ...{ type: LockType.WRITE, offset: slot * LOCK_BYTES, length: LOCK_BYTES },
          locker: { openStateid: stateid, owner: owner(slot) },
        }),
        ops.locku(CURRENT_STATEID, LockType.WRITE, slot * LOCK_BYTES, LOCK_BYTES),
      ]),
    ],
    ['readdir-100', batch(() => [place, readdir], small.slice(0, 1))],
    ['setattr', batch(() => [target, ops.setattr(stateid, { mode: 0o640 }), attributes])],
    [
      'create-remove',
      batch((slot) => [
        ...[place, open(slot, `new-${slot}`, ShareAccess.BOTH, true), ops.close(CURRENT_STATEID)],
        ...[place, ops.remove(`new-${slot}`)],
      ]),
    ],
    ['read-4k', batch((slot) => [target, ops.read(stateid, (slot % 16) * IO_BYTES, IO_BYTES)])],
    ['read-1M', batch(() => [target, ops.read(stateid, 0, LARGE_BYTES)], large)],
    ['write-4k', batch((slot) => [target, write(IO_BYTES, (slot % 16) * IO_BYTES)])],
    ['write-1M', batch((slot) => [target, write(LARGE_BYTES, (slot % 2) * (FILE_BYTES / 2))], large)],
  ]);
}
