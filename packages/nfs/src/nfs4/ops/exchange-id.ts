import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import type { Compound } from '../compound.ts';
import {
  EXCHANGE_ID_ARG_FLAGS,
  ExchangeIdFlag,
  Op,
  StateProtect,
  Status,
  VERIFIER_SIZE,
} from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import type { Operation } from '../operation.ts';
import { Client, type ClientPrincipal, type ImplementationId, samePrincipal } from '../state/clients.ts';

interface Arguments {
  readonly verifier: Buffer;
  readonly owner: Buffer;
  readonly flags: number;
  readonly protect: number;
  readonly implementation: ImplementationId | undefined;
}

const MAX_IMPLEMENTATION_NAME = 1024;
const IMPLEMENTATION_DOMAIN = 'dfs.invalid';
const IMPLEMENTATION_NAME = 'dfs';

/** RFC 8881 §18.35: a client introduces itself, and gets the record that its sessions will hang on. */
export const exchangeId: Operation = {
  op: Op.EXCHANGE_ID,
  minor: 1,
  needsFh: false,
  modifies: true,
  changesFiles: false,
  replyRoom: 256,
  run(c) {
    const args = readArguments(c.args, c.engine.limits.maxOpaque);
    const refused = argumentStatus(args, c.minor);
    if (refused !== Status.OK) return refused;
    // Where a client asks whether it may use this connection for a session that it has elsewhere.
    if (c.connection.leaving) return Status.SERVERFAULT;
    const principal = { flavor: c.principal.flavor, uid: c.principal.credentials.uid };
    const update = (args.flags & ExchangeIdFlag.UPD_CONFIRMED_REC_A) !== 0;
    const client = update ? updated(c, args, principal) : introduced(c, args, principal);
    client.implementation = args.implementation ?? client.implementation;
    writeResult(c.out, c, client);
    return Status.OK;
  },
};

function readArguments(args: XdrReader, maxOpaque: number): Arguments {
  const verifier = args.fixed(VERIFIER_SIZE);
  const owner = args.opaque(maxOpaque);
  const flags = args.u32();
  const protect = args.u32();
  if (protect === StateProtect.MACH_CRED) skipStateProtectOps(args);
  else if (protect === StateProtect.SSV) skipSsv(args);
  else if (protect !== StateProtect.NONE) throw new NfsError(Status.BADXDR);
  let implementation: ImplementationId | undefined;
  if (args.count(1) === 1) {
    const domain = args.opaque(MAX_IMPLEMENTATION_NAME).toString('utf8');
    const name = args.opaque(MAX_IMPLEMENTATION_NAME).toString('utf8');
    args.i64();
    args.u32();
    implementation = { domain, name };
  }
  return { verifier, owner, flags, protect, implementation };
}

const MAX_BITMAP_WORDS = 16;
const MAX_OID = 256;
const MAX_ALGORITHMS = 16;

function skipStateProtectOps(args: XdrReader): void {
  for (let bitmap = 0; bitmap < 2; bitmap++) {
    for (let words = args.count(MAX_BITMAP_WORDS); words > 0; words--) args.u32();
  }
}

function skipSsv(args: XdrReader): void {
  skipStateProtectOps(args);
  for (let list = 0; list < 2; list++) {
    for (let left = args.count(MAX_ALGORITHMS); left > 0; left--) args.opaque(MAX_OID);
  }
  args.u32();
  args.u32();
}

function argumentStatus(args: Arguments, minor: number): Status {
  // SUPP_FENCE_OPS is a flag of minor version 2 (RFC 7862 §14.1).
  const known = minor === 1 ? EXCHANGE_ID_ARG_FLAGS & ~ExchangeIdFlag.SUPP_FENCE_OPS : EXCHANGE_ID_ARG_FLAGS;
  if ((args.flags & ~known) !== 0) return Status.INVAL;
  // SSV needs a secret that AUTH_SYS cannot carry, and MACH_CRED a machine credential of RPCSEC_GSS.
  if (args.protect === StateProtect.SSV) return Status.ENCR_ALG_UNSUPP;
  if (args.protect === StateProtect.MACH_CRED) return Status.INVAL;
  return Status.OK;
}

/** An update of a confirmed record: cases 6 to 9 of §18.35.4. */
function updated(c: Compound, args: Arguments, principal: ClientPrincipal): Client {
  const confirmed = c.engine.state.clients.confirmedBy(args.owner.toString('latin1'));
  if (confirmed === undefined) throw new NfsError(Status.NOENT);
  if (!confirmed.verifier.equals(args.verifier)) throw new NfsError(Status.NOT_SAME);
  if (!samePrincipal(confirmed.principal, principal)) throw new NfsError(Status.PERM);
  return confirmed;
}

/** A new introduction: cases 1 to 5 of §18.35.4. */
function introduced(c: Compound, args: Arguments, principal: ClientPrincipal): Client {
  const { state } = c.engine;
  const key = args.owner.toString('latin1');
  const confirmed = state.clients.confirmedBy(key);
  if (confirmed !== undefined) {
    if (!samePrincipal(confirmed.principal, principal)) {
      // Somebody else's record is theirs for as long as they use it (case 3).
      const used = confirmed.hasState || confirmed.sessions.size > 0;
      if (used && !state.yields(confirmed)) throw new NfsError(Status.CLID_INUSE);
      state.removeClient(confirmed, 'replaced');
    } else if (confirmed.verifier.equals(args.verifier)) {
      return confirmed;
    }
  }
  const unconfirmed = state.clients.unconfirmedBy(key);
  if (unconfirmed !== undefined) state.removeClient(unconfirmed, 'replaced');
  return newClient(c, args, principal);
}

function newClient(c: Compound, args: Arguments, principal: ClientPrincipal): Client {
  const { state, limits, clock } = c.engine;
  if (state.clients.size >= limits.maxClients && !state.makeRoom()) throw new NfsError(Status.DELAY);
  const client = new Client({
    instance: state.clients.instance,
    number: state.clients.allocate(),
    owner: Buffer.from(args.owner),
    verifier: Buffer.from(args.verifier),
    principal,
    remoteAddress: c.connection.remoteAddress,
    monotonic: clock.monotonic(),
    now: clock.now(),
    leaseMs: state.leaseMs,
  });
  state.clients.addUnconfirmed(client);
  return client;
}

function writeResult(out: XdrWriter, c: Compound, client: Client): void {
  const { majorId, scope } = c.engine.identity;
  const confirmed = client.confirmed ? ExchangeIdFlag.CONFIRMED_R : 0;
  out.u32(client.instance).u32(client.number).u32(client.createSequence);
  out.u32((ExchangeIdFlag.USE_NON_PNFS | confirmed) >>> 0);
  out.u32(StateProtect.NONE);
  out.u64(0).opaque(majorId).opaque(scope);
  out.u32(1).string(IMPLEMENTATION_DOMAIN).string(IMPLEMENTATION_NAME).u64(0).u32(0);
}
