import type { Compound } from '../compound.ts';
import { Op, SESSION_ID_SIZE, SequenceStatus, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';
import { requestDigest } from '../request-digest.ts';
import { type Binding, type Connection, carriesFore } from '../state/connections.ts';
import type { Session } from '../state/sessions.ts';
import type { Slot } from '../state/slots.ts';

const RESULT_BYTES = SESSION_ID_SIZE + 5 * 4;
const FIRST_SEQUENCE_ID = 1;
const MAX_SEQUENCE_ID = 0xffffffff;

interface Arguments {
  readonly sequenceId: number;
  readonly slotId: number;
  readonly highestSlot: number;
  readonly cacheThis: boolean;
}

/** RFC 8881 §18.46. Everything is validated before the slot is touched: a refused SEQUENCE has changed nothing. */
export const sequence: Operation = {
  op: Op.SEQUENCE,
  minor: 1,
  needsFh: false,
  modifies: false,
  isBrief: true,
  replyRoom: RESULT_BYTES,
  run(c) {
    if (c.index > 0) return Status.SEQUENCE_POS;
    const usual = usualBinding(c);
    const idAt = usual === undefined ? c.args.offset(SESSION_ID_SIZE) : 0;
    const args: Arguments = {
      sequenceId: c.args.u32(),
      slotId: c.args.u32(),
      highestSlot: c.args.u32(),
      cacheThis: c.args.bool(),
    };
    const session = usual?.session ?? c.engine.state.sessions.findAt(c.args.buffer, idAt);
    if (session === undefined) return Status.BADSESSION;
    const binding = usual ?? bindingOf(c.connection, session);
    const refused = channelStatus(c, session, binding);
    if (refused !== Status.OK) return refused;
    const slot = session.slots.find(args.slotId);
    if (slot === undefined) return Status.BADSLOT;
    if (args.highestSlot < args.slotId) return Status.BAD_HIGH_SLOT;
    const digest = requestDigest(c.args, c.principal.credentials.uid);
    const over = slot.restarted && args.sequenceId === FIRST_SEQUENCE_ID;
    if (args.sequenceId === slot.sequenceId && !over) return retry(c, session, slot, args, digest);
    const expected = slot.sequenceId === MAX_SEQUENCE_ID ? 0 : slot.sequenceId + 1;
    const next = args.sequenceId === expected || over || slot.skipsTo(args.sequenceId);
    if (!next || slot.busy) return Status.SEQ_MISORDERED;
    return begin(c, session, slot, args, digest, binding);
  },
};

/** The connection's binding that its last request came by, where the session id is that session's: the reader is behind it then. */
function usualBinding({ connection, args }: Compound): Binding | undefined {
  const { lastUsed } = connection;
  return lastUsed !== undefined && args.skipSame(lastUsed.session.idWords) ? lastUsed : undefined;
}

function bindingOf(connection: Connection, session: Session): Binding | undefined {
  connection.lastUsed = connection.bindings.get(session);
  return connection.lastUsed;
}

/** What the connection and the size of the request allow. Binds a connection that carries no session yet, fore only (§2.10.3.1). */
function channelStatus(c: Compound, session: Session, binding: Binding | undefined): Status {
  if (binding !== undefined && !carriesFore(binding)) return Status.CONN_NOT_BOUND_TO_SESSION;
  if (c.requestBytes > session.fore.maxRequest) return Status.REQ_TOO_BIG;
  return Status.OK;
}

/** The slot's last request came again (§2.10.6.1.3). */
function retry(c: Compound, session: Session, slot: Slot, args: Arguments, digest: number): Status {
  if (slot.sequenceId === 0 && slot.replyBytes === 0 && !slot.busy) return Status.SEQ_MISORDERED;
  if (digest !== slot.digest) return Status.SEQ_FALSE_RETRY;
  c.engine.state.renew(session.client);
  bindImplicitly(c, session);
  c.engine.counters.replays++;
  if (slot.busy) {
    c.replay = slot.wait();
    return Status.OK;
  }
  if (slot.replyBytes > 0) {
    c.replay = slot.reply;
    return Status.OK;
  }
  c.refuseRest = Status.RETRY_UNCACHED_REP;
  writeResult(c, session, args);
  return Status.OK;
}

function begin(
  c: Compound,
  session: Session,
  slot: Slot,
  args: Arguments,
  digest: number,
  binding: Binding | undefined,
): Status {
  if (c.count > session.fore.maxOperations) return Status.TOO_MANY_OPS;
  const { maxResponse, maxResponseCached } = session.fore;
  const limit = args.cacheThis ? Math.min(maxResponse, maxResponseCached) : maxResponse;
  c.tooBig =
    args.cacheThis && maxResponseCached < maxResponse ? Status.REP_TOO_BIG_TO_CACHE : Status.REP_TOO_BIG;
  c.replyEnd = c.replyStart + limit;
  if (c.out.position + RESULT_BYTES > c.replyEnd) return c.tooBig;
  // Rather than drop a reply that somebody may still ask for, nothing is run that would need more room.
  if ((args.cacheThis || c.count === 1) && !session.slots.admits(args.slotId)) return Status.DELAY;
  slot.begin(args.sequenceId, digest);
  session.slots.use(slot, args.slotId, args.highestSlot);
  c.session = session;
  c.slot = slot;
  c.slotId = args.slotId;
  c.cacheThis = args.cacheThis;
  if (binding === undefined) bindImplicitly(c, session);
  c.engine.state.renew(session.client, c.connection.heardAt);
  writeResult(c, session, args);
  return Status.OK;
}

function bindImplicitly(c: Compound, session: Session): void {
  if (!c.connection.bindings.has(session)) c.engine.state.connections.join(c.connection, session);
}

function writeResult(c: Compound, session: Session, args: Arguments): void {
  const { out } = c;
  out.words(session.idWords).u32(args.sequenceId).u32(args.slotId);
  out.u32(session.slots.highest).u32(session.slots.target);
  out.u32(statusFlags(c, session));
}

function statusFlags(c: Compound, session: Session): number {
  let flags = session.client.revoked.size > 0 ? SequenceStatus.RECALLABLE_STATE_REVOKED : 0;
  if (session.wantsBackChannel && !session.callable) {
    flags |= SequenceStatus.CB_PATH_DOWN_SESSION;
    if (!c.engine.callbacks.reachable(session.client)) flags |= SequenceStatus.CB_PATH_DOWN;
  }
  return flags;
}
