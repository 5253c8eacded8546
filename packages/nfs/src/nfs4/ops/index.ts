import { Op } from '../constants/index.ts';
import type { Operation } from '../operation.ts';
import { access } from './access.ts';
import { allocate, deallocate } from './allocate.ts';
import { backchannelCtl } from './backchannel-ctl.ts';
import { bindConnToSession } from './bind-conn-to-session.ts';
import { clone } from './clone.ts';
import { close } from './close.ts';
import { commit } from './commit.ts';
import { copy } from './copy.ts';
import { create } from './create.ts';
import { createSession } from './create-session.ts';
import { delegreturn } from './delegreturn.ts';
import { destroyClientid } from './destroy-clientid.ts';
import { destroySession } from './destroy-session.ts';
import { exchangeId } from './exchange-id.ts';
import { freeStateid } from './free-stateid.ts';
import { getDirDelegation } from './get-dir-delegation.ts';
import { getattr } from './getattr.ts';
import { getfh } from './getfh.ts';
import { getxattr } from './getxattr.ts';
import { ioAdvise } from './io-advise.ts';
import { link } from './link.ts';
import { listxattrs } from './listxattrs.ts';
import { lock } from './lock.ts';
import { lockt } from './lockt.ts';
import { locku } from './locku.ts';
import { lookup } from './lookup.ts';
import { lookupp } from './lookupp.ts';
import { NOT_SUPPORTED } from './not-supported.ts';
import { open } from './open.ts';
import { openDowngrade } from './open-downgrade.ts';
import { putfh } from './putfh.ts';
import { putpubfh, putrootfh } from './putrootfh.ts';
import { read } from './read.ts';
import { readPlus } from './read-plus.ts';
import { readdir } from './readdir.ts';
import { readlink } from './readlink.ts';
import { reclaimComplete } from './reclaim-complete.ts';
import { remove } from './remove.ts';
import { removexattr } from './removexattr.ts';
import { rename } from './rename.ts';
import { restorefh, savefh } from './savefh.ts';
import { secinfo, secinfoNoName } from './secinfo.ts';
import { seek } from './seek.ts';
import { sequence } from './sequence.ts';
import { setattr } from './setattr.ts';
import { setxattr } from './setxattr.ts';
import { testStateid } from './test-stateid.ts';
import { nverify, verify } from './verify.ts';
import { write } from './write.ts';

const ALL: readonly Operation[] = [
  access,
  allocate,
  backchannelCtl,
  bindConnToSession,
  clone,
  close,
  commit,
  copy,
  create,
  createSession,
  deallocate,
  delegreturn,
  destroyClientid,
  destroySession,
  exchangeId,
  freeStateid,
  getDirDelegation,
  getattr,
  getfh,
  getxattr,
  ioAdvise,
  link,
  listxattrs,
  lock,
  lockt,
  locku,
  lookup,
  lookupp,
  nverify,
  open,
  openDowngrade,
  putfh,
  putpubfh,
  putrootfh,
  read,
  readPlus,
  readdir,
  readlink,
  reclaimComplete,
  remove,
  removexattr,
  rename,
  restorefh,
  savefh,
  secinfo,
  secinfoNoName,
  seek,
  sequence,
  setattr,
  setxattr,
  testStateid,
  verify,
  write,
  ...NOT_SUPPORTED,
];

/** Every operation that dfs knows, by its number; one that is missing here is NFS4ERR_OP_ILLEGAL. */
export const OPERATIONS: ReadonlyMap<number, Operation> = new Map(
  ALL.map((operation) => [operation.op, operation]),
);

/** All of one shape: who looks at them need not tell which fields each has. */
const BY_NUMBER: readonly (Operation | undefined)[] = Array.from(
  { length: 1 + Math.max(...ALL.map(({ op }) => op).filter((op) => op !== Op.ILLEGAL)) },
  (_, op) => shaped(OPERATIONS.get(op)),
);

function shaped(operation: Operation | undefined): Operation | undefined {
  if (operation === undefined) return undefined;
  const { op, minor, needsFh, modifies, replyRoom, run } = operation;
  const { changesFiles, isBrief } = operation;
  return { op, minor, needsFh, modifies, changesFiles, isBrief, replyRoom, run };
}

/** The operation of that number, the fast way. */
export function operationOf(op: number): Operation | undefined {
  return op < BY_NUMBER.length ? BY_NUMBER[op] : OPERATIONS.get(op);
}
