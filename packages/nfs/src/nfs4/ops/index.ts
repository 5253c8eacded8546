import type { Operation } from '../operation.ts';
import { backchannelCtl } from './backchannel-ctl.ts';
import { bindConnToSession } from './bind-conn-to-session.ts';
import { close } from './close.ts';
import { commit } from './commit.ts';
import { createSession } from './create-session.ts';
import { delegreturn } from './delegreturn.ts';
import { destroyClientid } from './destroy-clientid.ts';
import { destroySession } from './destroy-session.ts';
import { exchangeId } from './exchange-id.ts';
import { freeStateid } from './free-stateid.ts';
import { getDirDelegation } from './get-dir-delegation.ts';
import { lock } from './lock.ts';
import { lockt } from './lockt.ts';
import { locku } from './locku.ts';
import { open } from './open.ts';
import { openDowngrade } from './open-downgrade.ts';
import { read } from './read.ts';
import { reclaimComplete } from './reclaim-complete.ts';
import { sequence } from './sequence.ts';
import { testStateid } from './test-stateid.ts';
import { write } from './write.ts';

const ALL: readonly Operation[] = [
  backchannelCtl,
  bindConnToSession,
  close,
  commit,
  createSession,
  delegreturn,
  destroyClientid,
  destroySession,
  exchangeId,
  freeStateid,
  getDirDelegation,
  lock,
  lockt,
  locku,
  open,
  openDowngrade,
  read,
  reclaimComplete,
  sequence,
  testStateid,
  write,
];

/** Every operation that dfs knows, by its number; one that is missing here is NFS4ERR_OP_ILLEGAL. */
export const OPERATIONS: ReadonlyMap<number, Operation> = new Map(
  ALL.map((operation) => [operation.op, operation]),
);
