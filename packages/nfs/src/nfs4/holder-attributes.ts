import type { Awaitable } from '../vfs/index.ts';
import type { XdrReader, XdrWriter } from '../xdr/index.ts';
import {
  type Bitmap,
  bitmapOf,
  both,
  hasAttr,
  isEmpty,
  readBitmap,
  writeBitmap,
} from './attributes/bitmap.ts';
import type { Compound } from './compound.ts';
import { Attr, CbOp, DelegationType, Status } from './constants/index.ts';
import { withoutDelegations } from './delegation-conflict.ts';
import type { HeldSize } from './held-attributes.ts';
import type { DelegationState } from './state/delegations.ts';

/** What the holder of a write delegation knows better than the server. */
const HELD = bitmapOf([
  Attr.CHANGE,
  Attr.SIZE,
  Attr.SPACE_USED,
  Attr.TIME_ACCESS,
  Attr.TIME_METADATA,
  Attr.TIME_MODIFY,
]);
const ASKED = bitmapOf([Attr.CHANGE, Attr.SIZE]);
const TIME_BYTES = 12;
const MAX_ATTRIBUTE_BYTES = 1024;
const ENGINE_CREDENTIALS = Object.freeze({ uid: 0, gid: 0, groups: Object.freeze([]) });

/**
 * Asks the client that has the current file delegated for writing, if another one does, for what it has made of it (CB_GETATTR, RFC 8881
 * §10.4.3). Undefined where the server's own attributes are right.
 */
export function heldAttributes(c: Compound, asked: Bitmap): Awaitable<HeldSize | undefined> {
  const { state } = c.engine;
  if (state.delegations.count === 0 || isEmpty(both(asked, HELD))) return undefined;
  const file = state.files.find(c.here, c.object);
  const holder = state.delegations.conflicts(file, c.session?.client, false)[0];
  if (holder === undefined || holder.type !== DelegationType.WRITE || state.yields(holder.client))
    return undefined;
  return ask(c, holder);
}

async function ask(c: Compound, holder: DelegationState): Promise<HeldSize | undefined> {
  const { callbacks, namespace } = c.engine;
  let answer: { change: bigint; size: number } | undefined;
  const write = (out: XdrWriter): void => {
    namespace.writeHandle(out, holder.file.export, holder.file.node);
    writeBitmap(out, ASKED);
  };
  const status = await callbacks.send(holder.client, CbOp.GETATTR, write, (reply) => {
    answer = readAnswer(reply);
  });
  if (status !== Status.OK || answer === undefined) {
    // Not to be had: the delegation is asked back, and then the server's own attributes are right.
    await withoutDelegations(c, c.here, c.object, false);
    return undefined;
  }
  return take(c, holder, answer);
}

/** The holder's word becomes what everybody sees: a change attribute that differs from all before, and the holder's size. */
async function take(
  c: Compound,
  holder: DelegationState,
  answer: { change: bigint; size: number },
): Promise<HeldSize | undefined> {
  if (answer.change === BigInt(holder.changeAtGrant)) return undefined;
  if (answer.change !== holder.holderChange) {
    holder.holderChange = answer.change;
    await c.fs.setAttributes(c.object, ENGINE_CREDENTIALS, { mtime: 'now' });
  }
  return { size: answer.size };
}

/** A fattr4 with change and size; delegated timestamps (RFC 9754 §5) may come unasked. */
function readAnswer(reply: XdrReader): { change: bigint; size: number } | undefined {
  const mask = readBitmap(reply);
  const length = reply.u32();
  if (length > MAX_ATTRIBUTE_BYTES || !hasAttr(mask, Attr.CHANGE) || !hasAttr(mask, Attr.SIZE))
    return undefined;
  const change = reply.bigU64();
  const size = reply.u64();
  for (const attr of [Attr.TIME_DELEG_ACCESS, Attr.TIME_DELEG_MODIFY])
    if (hasAttr(mask, attr)) reply.skip(TIME_BYTES);
  return { change, size };
}
