import {
  CURRENT_STATEID,
  LockType,
  NfsClient,
  ops,
  type Session,
} from '../../packages/nfs/src/client/index.ts';
import { FEW_ATTRIBUTES } from '../attributes.ts';
import type { Wire } from '../engine/wire.ts';
import { drive, WIRE_SLOTS, World } from '../engine/world.ts';
import { cpuOf } from './cpu.ts';
import type { Growth } from './report.ts';

const COUNTS = [1, 10, 100, 1000];
const LOCK_COUNTS = [10, 1000, 10_000, 90_000];
const REQUESTS = 32_000;
const LOCKS_EACH = 16;
const LOCK_STRIDE = 10;

/** GETATTR over one session, eight requests at a time, by turns over so many connections. */
export async function connections(): Promise<Growth> {
  const growth: Growth = {};
  const world = await World.start('memory');
  try {
    const { session, root } = world;
    const wires: Wire[] = [];
    for (const count of COUNTS) {
      while (wires.length < count) wires.push(world.wire());
      const make = () => [ops.putfh(root), ops.getattr(FEW_ATTRIBUTES)];
      const batches = wires.map((wire) => wire.batch(session, WIRE_SLOTS, make));
      const rounds = REQUESTS / WIRE_SLOTS.length / count;
      const getattr = await cpuOf(REQUESTS, async () => {
        for (let i = 0; i < rounds; i++)
          for (const [at, batch] of batches.entries()) await drive(wires[at]!, batch, 1);
      });
      growth[count] = { getattr };
    }
  } finally {
    await world.stop();
  }
  return growth;
}

/** The same by turns over so many sessions, of as many clients, each on a connection of its own. */
export async function sessions(): Promise<Growth> {
  const growth: Growth = {};
  const world = await World.start('memory');
  const others: Session[] = [];
  try {
    const { root, session } = world;
    const port = world.server.addresses[0]!.port;
    const wires: Wire[] = [];
    for (const count of COUNTS) {
      while (others.length < count) others.push(await NfsClient.start({ host: '127.0.0.1', port }));
      while (wires.length < count) wires.push(world.wire());
      const make = () => [ops.putfh(root), ops.getattr(FEW_ATTRIBUTES)];
      const batches = wires.map((wire, i) => wire.batch(others[i] ?? session, WIRE_SLOTS, make));
      const rounds = REQUESTS / WIRE_SLOTS.length / count;
      const getattr = await cpuOf(REQUESTS, async () => {
        for (let i = 0; i < rounds; i++)
          for (const [at, batch] of batches.entries()) await drive(wires[at]!, batch, 1);
      });
      for (const wire of wires.splice(0)) wire.destroy();
      growth[count] = { getattr };
      for (const other of others.splice(0)) for (const c of other.connections) await c.close();
    }
  } finally {
    await world.stop();
  }
  return growth;
}

/** LOCK and LOCKU of one range of a file of which so many others are locked, by the same owner and with gaps between them. */
export async function locks(): Promise<Growth> {
  const growth: Growth = {};
  const world = await World.start('memory');
  try {
    const { session } = world;
    const file = await world.create('locked');
    const stateid = { ...file.stateid, seqid: 0 };
    const { clientId } = session.client;
    const owner = { clientId, owner: Buffer.from('many') };
    const lock = (index: number) =>
      ops.lock({
        ...{ type: LockType.WRITE, offset: index * LOCK_STRIDE, length: 1 },
        locker: { openStateid: stateid, owner },
      });
    const target = ops.putfh(file.handle);
    const wire = world.wire();
    let held = 0;
    for (const count of LOCK_COUNTS) {
      for (; held < count; held += LOCKS_EACH)
        await session.run([target, ...Array.from({ length: LOCKS_EACH }, (_, i) => lock(held + i))]);
      const middle = Math.floor(count / 2) * LOCK_STRIDE + LOCK_STRIDE / 2;
      const other = { clientId, owner: Buffer.from('other') };
      const batch = wire.batch(session, WIRE_SLOTS.slice(0, 1), () => [
        target,
        ops.lock({
          ...{ type: LockType.WRITE, offset: middle, length: 1 },
          locker: { openStateid: stateid, owner: other },
        }),
        ops.locku(CURRENT_STATEID, LockType.WRITE, middle, 1),
      ]);
      const times = REQUESTS / LOCKS_EACH;
      growth[count] = { 'LOCK and LOCKU': await cpuOf(times, () => drive(wire, batch, times)) };
    }
  } finally {
    await world.stop();
  }
  return growth;
}
