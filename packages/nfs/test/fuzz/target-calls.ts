import {
  AUTH_NONE,
  authSys,
  encodeCall,
  encodeCompound,
  NFS_PROGRAM,
  ops,
  toFragments,
} from '../../src/client/index.ts';
import type { Mutator } from './mutate.ts';
import { ANSWER_MS, Finding, type World } from './world.ts';

const RPC_HEAD = 8;
const MessageType = { CALL: 0, REPLY: 1 } as const;
const CREDENTIALS = [AUTH_NONE, authSys({ uid: 1, gid: 2, groups: [3, 4, 5] }), authSys({ uid: 0, gid: 0 })];

function call(mutator: Mutator): Buffer {
  const header = {
    xid: mutator.below(2 ** 31),
    rpcVersion: mutator.chance(0.9) ? 2 : mutator.word(),
    program: mutator.chance(0.9) ? NFS_PROGRAM : mutator.word(),
    version: mutator.chance(0.9) ? 4 : mutator.word(),
    procedure: mutator.chance(0.9) ? mutator.below(2) : mutator.word(),
    credential: mutator.pick(CREDENTIALS),
    verifier: AUTH_NONE,
  };
  const body = encodeCompound([ops.putrootfh()], { tag: 'fuzz', minor: mutator.below(4) });
  return encodeCall(header, body);
}

/** One record that should be an RPC call: it is answered or its connection is closed, a reply to nothing is let pass. */
export async function fuzzCall(world: World, mutator: Mutator): Promise<void> {
  const record = mutator.chance(0.15)
    ? mutator.words(mutator.below(30))
    : mutator.mutate(call(mutator), [call(mutator)]);
  // Not the connection that the sessions use: it would be closed all the time, and with it the way of callbacks.
  if (!world.stray.open) world.stray = world.connect();
  const peer = world.stray;
  peer.replies.length = 0;
  peer.send(toFragments(record, mutator.chance(0.2) ? [mutator.below(8), mutator.below(40)] : []));
  world.check(record);
  const isReply = record.length >= RPC_HEAD && record.readUInt32BE(4) === MessageType.REPLY;
  if (isReply) {
    if (!peer.open || peer.replies.length > 0)
      throw new Finding('a reply to nothing was not let pass', record);
    return;
  }
  if (!(await peer.settled(ANSWER_MS)))
    throw new Finding('a call was neither answered nor its connection closed', record);
  world.check(record);
  const reply = peer.replies[0];
  if (reply !== undefined && reply.xid !== record.readUInt32BE(0))
    throw new Finding('reply with another xid', record);
}
