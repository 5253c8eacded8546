import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import { readCallbackSecurity } from '../callback/security.ts';
import type { Compound } from '../compound.ts';
import { AuthFlavor, CreateSessionFlag, Op, SESSION_ID_SIZE, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';
import { type Client, samePrincipal } from '../state/clients.ts';
import type { CallbackSecurity, ChannelAttributes, Session } from '../state/sessions.ts';
import { INITIAL_SLOTS } from '../state/slot-table.ts';

interface Arguments {
  readonly instance: number;
  readonly number: number;
  readonly sequence: number;
  readonly flags: number;
  readonly fore: ChannelAttributes;
  readonly back: ChannelAttributes;
  readonly callbackProgram: number;
  readonly security: readonly CallbackSecurity[];
}

const KNOWN_FLAGS =
  CreateSessionFlag.PERSIST | CreateSessionFlag.CONN_BACK_CHAN | CreateSessionFlag.CONN_RDMA;
/** Below these a channel carries nothing of use: no request fits with its RPC header, no reply with its SEQUENCE. */
const MIN_REQUEST = 128;
const MIN_RESPONSE = 128;
const MIN_OPERATIONS = 1;

/** RFC 8881 §18.36. Its own sequence, one slot for each client, makes it exactly-once; a refusal does not use that up. */
export const createSession: Operation = {
  op: Op.CREATE_SESSION,
  minor: 1,
  needsFh: false,
  modifies: true,
  changesFiles: false,
  replyRoom: 128,
  run(c) {
    const args = readArguments(c.args);
    const { state } = c.engine;
    const client = state.clients.find(args.instance, args.number);
    if (client === undefined) return Status.STALE_CLIENTID;
    if (!client.confirmed && state.expired(client)) {
      state.removeClient(client, 'expired');
      return Status.STALE_CLIENTID;
    }
    if (args.sequence === client.createSequence - 1 && client.createReply !== undefined) {
      carryAgain(c, client.createReply);
      c.out.fixed(client.createReply);
      return Status.OK;
    }
    if (args.sequence !== client.createSequence) return Status.SEQ_MISORDERED;
    const refused = refusal(c, client, args);
    if (refused !== Status.OK) return refused;
    return create(c, client, args);
  },
};

/** The reply says that this connection carries the session, so it must, too, where the first one was lost with another connection. */
function carryAgain(c: Compound, reply: Buffer): void {
  const { sessions, connections } = c.engine.state;
  const session = sessions.find(reply.subarray(0, SESSION_ID_SIZE));
  if (session === undefined || c.connection.bindings.has(session)) return;
  if (!connections.hasRoom(session)) connections.join(c.connection, session);
  else connections.bind(c.connection, session, session.wantsBackChannel ? 'both' : 'fore');
}

function readArguments(args: XdrReader): Arguments {
  const instance = args.u32();
  const number = args.u32();
  const sequence = args.u32();
  const flags = args.u32();
  const fore = readChannel(args);
  const back = readChannel(args);
  const callbackProgram = args.u32();
  const security = readCallbackSecurity(args);
  return { instance, number, sequence, flags, fore, back, callbackProgram, security };
}

function readChannel(args: XdrReader): ChannelAttributes {
  const headerPad = args.u32();
  const maxRequest = args.u32();
  const maxResponse = args.u32();
  const maxResponseCached = args.u32();
  const maxOperations = args.u32();
  const maxRequests = args.u32();
  if (args.count(1) === 1) args.u32(); // ca_rdma_ird
  return { headerPad, maxRequest, maxResponse, maxResponseCached, maxOperations, maxRequests };
}

function refusal(c: Compound, client: Client, args: Arguments): Status {
  const principal = { flavor: c.principal.flavor, uid: c.principal.credentials.uid };
  if (!client.confirmed) {
    if (!samePrincipal(client.principal, principal)) return Status.CLID_INUSE;
    const old = c.engine.state.clients.confirmedBy(client.ownerKey);
    if (old !== undefined && !samePrincipal(old.principal, principal)) return Status.CLID_INUSE;
  }
  if ((args.flags & ~KNOWN_FLAGS) !== 0) return Status.INVAL;
  for (const channel of [args.fore, args.back]) {
    if (channel.maxRequest < MIN_REQUEST || channel.maxResponse < MIN_RESPONSE) return Status.TOOSMALL;
    if (channel.maxOperations < MIN_OPERATIONS || channel.maxRequests < 1) return Status.TOOSMALL;
  }
  if (client.sessions.size >= c.engine.limits.maxSessionsPerClient) return Status.NOSPC;
  return Status.OK;
}

function create(c: Compound, client: Client, args: Arguments): Status {
  const { state } = c.engine;
  confirm(c, client);
  // With a new session a client asks for the lease time anew.
  client.leaseMs = state.leaseMs;
  state.renew(client);
  const backChannel = (args.flags & CreateSessionFlag.CONN_BACK_CHAN) !== 0;
  const persistent = c.engine.persistence?.isWhole === true ? CreateSessionFlag.PERSIST : 0;
  const session = state.sessions.create(client, {
    minor: c.minor,
    fore: grantFore(c, args.fore),
    back: grantBack(c, args.back),
    // Who asks for fewer than a session has at first has reasons of its own.
    mostSlots:
      args.fore.maxRequests < INITIAL_SLOTS ? args.fore.maxRequests : c.engine.limits.maxSessionSlots,
    flags: args.flags & (CreateSessionFlag.CONN_BACK_CHAN | persistent),
    callbackProgram: args.callbackProgram,
    callbackSecurity:
      args.security.length > 0 ? args.security : [{ flavor: AuthFlavor.NONE, credential: Buffer.alloc(0) }],
  });
  state.connections.bind(c.connection, session, backChannel ? 'both' : 'fore');
  const at = c.out.position;
  writeResult(c.out, session, args.sequence);
  client.createReply = Buffer.from(c.out.bytes(at));
  client.createSequence = args.sequence === 0xffffffff ? 0 : args.sequence + 1;
  state.marks.touch(client);
  return Status.OK;
}

/** The first session confirms its client, and ends an older record of the same owner with all its state (§18.36.4). */
function confirm(c: Compound, client: Client): void {
  if (client.confirmed) return;
  const { state } = c.engine;
  const old = state.clients.confirmedBy(client.ownerKey);
  state.clients.confirm(client);
  if (old !== undefined) state.removeClient(old, 'replaced');
  const owner = client.owner.toString('utf8');
  c.engine.emit({ type: 'client_confirmed', client: client.name, owner, remote: client.remoteAddress });
}

function grantFore(c: Compound, asked: ChannelAttributes): ChannelAttributes {
  const { limits } = c.engine;
  const largest = Math.max(limits.maxReadSize, limits.maxWriteSize) + limits.recordOverhead;
  return {
    headerPad: 0,
    maxRequest: Math.min(asked.maxRequest, largest),
    maxResponse: Math.min(asked.maxResponse, largest),
    maxResponseCached: Math.min(asked.maxResponseCached, limits.maxCachedReply),
    maxOperations: Math.min(asked.maxOperations, limits.maxCompoundOps),
    maxRequests: Math.min(asked.maxRequests, limits.maxSessionSlots, INITIAL_SLOTS),
  };
}

function grantBack(c: Compound, asked: ChannelAttributes): ChannelAttributes {
  return { ...asked, headerPad: 0, maxRequests: Math.min(asked.maxRequests, c.engine.limits.maxBackSlots) };
}

function writeResult(out: XdrWriter, session: Session, sequence: number): void {
  out.fixed(session.id).u32(sequence).u32(session.flags);
  for (const channel of [session.fore, session.back]) {
    out
      .u32(channel.headerPad)
      .u32(channel.maxRequest)
      .u32(channel.maxResponse)
      .u32(channel.maxResponseCached);
    out.u32(channel.maxOperations).u32(channel.maxRequests).u32(0);
  }
}
