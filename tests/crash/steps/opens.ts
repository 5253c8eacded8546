import {
  type ClientOp,
  LockType,
  OpenClaim,
  OpenWant,
  ops,
  ShareAccess,
  type Stateid,
} from '../../../packages/nfs/src/client/index.ts';
import type { HeldOpen, Lane } from '../lane.ts';
import { existing, folderOf, isFile, MAX_OPENS, type Maker, NOTHING, nameIn, to } from './step.ts';

export const LOCK_RANGES = 12;
export const LOCK_BYTES = 10;

export function lockRange(index: number): { readonly offset: number; readonly length: number } {
  return { offset: index * LOCK_BYTES, length: LOCK_BYTES };
}

export const openFile: Maker = (lane, random) => {
  const found = existing(lane, random, isFile);
  if (found === undefined || lane.opens.length >= MAX_OPENS) return undefined;
  const [path, id] = found;
  if (lane.opens.some((open) => open.id === id)) return undefined;
  const owner = lane.openOwner();
  const claim = { claim: OpenClaim.NULL, name: nameIn(path) } as const;
  const before = to(lane, folderOf(path));
  return {
    what: `open ${path}, object ${id}`,
    ops: [...before, ops.open({ access: ShareAccess.BOTH | OpenWant.NO_DELEG, owner, claim })],
    apply: NOTHING,
    ran: (values) => {
      const { stateid } = values[before.length] as { stateid: Stateid };
      lane.opens.push({ id, stateid, owner, deny: 0, lockStateid: undefined, held: new Set() });
    },
  };
};

export const closeFile: Maker = (lane, random) => {
  const open = random.pick(lane.opens.filter(({ held }) => held.size === 0));
  if (open === undefined) return undefined;
  return {
    what: `close object ${open.id}`,
    ops: [ops.putfh(lane.handles.get(open.id)!), ops.close(open.stateid)],
    apply: NOTHING,
    ran: () => {
      lane.opens.splice(lane.opens.indexOf(open), 1);
      lane.closed.push(open.stateid);
    },
  };
};

export function lockOp(open: HeldOpen, lane: Lane, index: number, reclaim: boolean): ClientOp<Stateid> {
  const locker =
    open.lockStateid === undefined
      ? { openStateid: open.stateid, owner: lane.lockOwner() }
      : { lockStateid: open.lockStateid };
  return ops.lock({ type: LockType.WRITE, reclaim, ...lockRange(index), locker });
}

export const lockFile: Maker = (lane, random) => {
  const open = random.pick(lane.opens);
  const index = random.below(LOCK_RANGES);
  if (open === undefined || open.held.has(index)) return undefined;
  return {
    what: `lock range ${index} of object ${open.id}`,
    ops: [ops.putfh(lane.handles.get(open.id)!), lockOp(open, lane, index, false)],
    apply: NOTHING,
    ran: (values) => {
      open.lockStateid = values[1] as Stateid;
      open.held.add(index);
    },
  };
};

export const unlockFile: Maker = (lane, random) => {
  const open = random.pick(lane.opens.filter(({ held }) => held.size > 0));
  if (open?.lockStateid === undefined) return undefined;
  const index = random.pick([...open.held])!;
  const { offset, length } = lockRange(index);
  return {
    what: `unlock range ${index} of object ${open.id}`,
    ops: [ops.putfh(lane.handles.get(open.id)!), ops.locku(open.lockStateid, LockType.WRITE, offset, length)],
    apply: NOTHING,
    ran: (values) => {
      open.lockStateid = values[1] as Stateid;
      open.held.delete(index);
    },
  };
};
