import { ANONYMOUS_STATEID, ops, type Stateid } from '../../../packages/nfs/src/client/index.ts';
import { Stability } from '../../../packages/nfs/src/vfs/index.ts';
import type { Random } from '../../trunking/random.ts';
import type { Lane } from '../lane.ts';
import { BLOCK, fillBlocks, tagOf } from '../model.ts';
import { existing, isFile, type Maker, NOTHING } from './step.ts';

const MAX_BLOCK = 200;
const FEW_BLOCKS = 12;
/** More than the stores write without a thread. */
const MANY_BLOCKS = 150;

/** A file that has a name, and the stateid to write to it with. */
function writable(lane: Lane, random: Random): { id: number; handle: Buffer; stateid: Stateid } | undefined {
  const found = existing(lane, random, isFile);
  if (found === undefined) return undefined;
  const [, id] = found;
  const handle = lane.handles.get(id);
  if (handle === undefined) return undefined;
  const opens = lane.opens.filter((open) => open.id === id);
  // Who denies others to write writes by the open that does.
  const open = opens.find(({ deny }) => deny !== 0) ?? random.pick(opens);
  return { id, handle, stateid: open?.stateid ?? ANONYMOUS_STATEID };
}

export const resize: Maker = (lane, random) => {
  const file = writable(lane, random);
  if (file === undefined) return undefined;
  const size = random.below(random.chance(0.5) ? FEW_BLOCKS : MAX_BLOCK);
  return {
    what: `truncate object ${file.id} to ${size} blocks`,
    ops: [ops.putfh(file.handle), ops.setattr(file.stateid, { size: size * BLOCK })],
    apply: (tree) => tree.resize(file.id, size),
    ran: NOTHING,
  };
};

export const writeBlocks: Maker = (lane, random) => {
  const file = writable(lane, random);
  if (file === undefined) return undefined;
  const count = random.chance(0.1) ? MANY_BLOCKS : 1 + random.below(FEW_BLOCKS);
  const first = random.below(MAX_BLOCK - count);
  const serial = lane.world.newSerial();
  const { id } = file;
  const tags = Array.from({ length: count }, (_, i) => tagOf(id, serial, first + i));
  const asked = random.chance(0.5) ? Stability.FILE_SYNC : Stability.UNSTABLE;
  let isStable = asked === Stability.FILE_SYNC;
  const data = fillBlocks(id, serial, first, count);
  return {
    what: `${isStable ? '' : 'unstable '}write ${serial} of blocks ${first} to ${first + count - 1} of object ${id}`,
    ops: [ops.putfh(file.handle), ops.write(file.stateid, first * BLOCK, data, asked)],
    apply: (tree) => tree.write(id, first, tags, isStable),
    partly: (tree, claim) => {
      if (claim === 'now') tree.tear(id, first, tags);
      else tree.write(id, first, tags, false);
    },
    ran: (values) => {
      const written = values[1] as { count: number; committed: number; verifier: Buffer };
      lane.world.check(written.count === data.length, `${lane.name}: wrote ${written.count} bytes`);
      lane.world.check(written.committed >= asked, `${lane.name}: less stable than asked for`);
      isStable = written.committed === Stability.FILE_SYNC;
      lane.world.noteVerifier(written.verifier, !isStable);
    },
  };
};

export const commitFile: Maker = (lane, random) => {
  const file = writable(lane, random);
  if (file === undefined) return undefined;
  return {
    what: `commit object ${file.id}`,
    ops: [ops.putfh(file.handle), ops.commit()],
    apply: (tree) => tree.commit(file.id),
    ran: (values) => lane.world.noteVerifier(values[1] as Buffer, false),
  };
};
