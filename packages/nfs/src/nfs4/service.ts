import { performance } from 'node:perf_hooks';
import { returnMemory } from '../memory.ts';
import { type CredentialCache, isKnownFlavor, type Principal } from '../rpc/auth.ts';
import type { RpcConnection } from '../rpc/connection.ts';
import {
  AcceptStat,
  AuthStat,
  beginDenied,
  beginReply,
  type CallHeader,
  endRecord,
  RejectStat,
  RPC_VERSION,
  readCallHeader,
} from '../rpc/message.ts';
import type { Message } from '../rpc/slab.ts';
import type { Awaitable } from '../vfs/index.ts';
import { XdrReader, type XdrWriter } from '../xdr/index.ts';
import { Compound } from './compound.ts';
import type { Engine } from './engine.ts';
import { Execution } from './execute.ts';
import type { Connection } from './state/connections.ts';

export const NFS_PROGRAM = 100003;
export const NFS_VERSION = 4;
const Procedure = { NULL: 0, COMPOUND: 1 } as const;

/** Milliseconds of a request, from which on it is dear: who waits for its reply has long gone to sleep. */
const DEAR_MS = 0.002;
/** Milliseconds without a request, from which on the next one is likely all that its client waits for. */
const QUIET_MS = 0.02;
/** Bytes of replies that are better written while the processor's caches have them. */
const LARGE_BYTES = 64 * 1024;
/** Executions that are kept for further requests. */
const MAX_IDLE = 128;

/** What becomes of a call that was taken up. */
const Outcome = {
  /** It is answered, or never will be. */
  DONE: 0,
  /** Its reply is written, and leaves later. */
  HELD: 1,
  /** It goes on later, and needs its bytes for that. */
  WAITS: 2,
} as const;
type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** Replies that are written and wait for the same. */
interface HeldReplies {
  readonly until: Promise<unknown>;
  readonly replies: HeldReply[];
}

interface HeldReply {
  readonly rpc: RpcConnection;
  readonly xid: number;
  readonly out: Message;
  readonly execution: Execution;
  /** Of the request: they count as long as it is not answered, though nobody needs them. */
  readonly bytes: number;
}

/** The NFS program: takes RPC calls, runs COMPOUNDs, sends the replies. */
export class NfsService {
  readonly #engine: Engine;
  /** Done with its last request, to be used for the next. Apart from others: an array that becomes empty and is filled again takes memory each time. */
  #next: Execution | undefined;
  /** More of them. */
  readonly #idle: Execution[] = [];
  /** Reads the arguments of the one that runs. */
  #args = new XdrReader();
  /** Those that the last reply is among that was held. */
  #held: HeldReplies | undefined;
  /** When the bytes came that are being worked off, or the last request in them ended, of `performance.now`: the next one begins then. */
  #mark = 0;
  /** When those bytes came, how many requests were in them so far, and how long their replies are. */
  #heardAt = 0;
  #wasQuiet = false;
  /** They have not brought a whole request so far. */
  #isPart = false;
  #requests = 0;
  #replyBytes = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Bytes came over the connection: the clocks are read once for all requests in them. To be called before {@link call}. */
  heard(connection: Connection): void {
    const { clock, counters } = this.#engine;
    connection.lastActivity = clock.now();
    connection.heardAt = clock.monotonic();
    if (!counters.timed) return;
    this.#heardAt = performance.now();
    // Between two parts of a large request it is not quiet, however long they take to be read.
    this.#wasQuiet = !this.#isPart && this.#heardAt - this.#mark > QUIET_MS;
    this.#isPart = true;
    this.#mark = this.#heardAt;
    this.#requests = 0;
    this.#replyBytes = 0;
  }

  /** Is there one request alone in the bytes that came last, after a while without any? Not any more after {@link takeDear}. */
  get isLone(): boolean {
    return this.#requests === 1 && this.#wasQuiet;
  }

  /** How many requests were in the bytes that came last, if they were dear; 0 where that is not known, or was asked before. */
  takeDear(): number {
    const requests = this.#requests;
    this.#requests = 0;
    const isQuick = this.#mark - this.#heardAt < requests * DEAR_MS;
    return isQuick || this.#replyBytes > LARGE_BYTES ? 0 : requests;
  }

  /**
   * Handles one call to its end; `reader` is good only until this returns. True where the bytes of the call are still needed then: they are given
   * back when it is answered.
   */
  call(
    rpc: RpcConnection,
    connection: Connection,
    auth: CredentialCache,
    xid: number,
    reader: XdrReader,
    bytes: number,
  ): boolean {
    connection.requests++;
    this.#requests++;
    this.#isPart = false;
    const out = rpc.begin();
    let outcome: Outcome = Outcome.DONE;
    try {
      outcome = this.#dispatch(rpc, connection, auth, xid, reader, bytes, out);
    } catch (error) {
      // Nothing of the call could be made out, or an operation broke in a way that nobody foresaw.
      this.#engine.emit({ type: 'fault', operation: 'RPC', error });
      out.clear();
      beginReply(out, xid, AcceptStat.SYSTEM_ERR);
    }
    if (outcome === Outcome.DONE) this.#finish(rpc, out);
    else rpc.keep(out, bytes);
    return outcome === Outcome.WAITS;
  }

  #finish(rpc: RpcConnection, out: Message, kept = 0): void {
    if (out.position > 0) {
      const tail = out.tail?.length ?? 0;
      this.#replyBytes += out.position + tail;
      endRecord(out, tail);
      rpc.send(out);
    } else rpc.drop(out);
    rpc.done(kept);
  }

  #dispatch(
    rpc: RpcConnection,
    connection: Connection,
    auth: CredentialCache,
    xid: number,
    reader: XdrReader,
    bytes: number,
    out: Message,
  ): Outcome {
    const start = reader.position;
    const known = auth.known(reader);
    if (known !== undefined) return this.#compound(rpc, connection, known, xid, reader, bytes, out);
    let header: CallHeader;
    try {
      header = readCallHeader(reader);
    } catch {
      // Without a header there is no telling what to answer: the peer does not speak RPC.
      rpc.destroy('RPC header does not decode');
      return Outcome.DONE;
    }
    const principal = this.#authenticate(header, auth, xid, out);
    if (principal === undefined || !programServed(header, xid, out)) return Outcome.DONE;
    if (header.procedure === Procedure.NULL) {
      beginReply(out, xid, AcceptStat.SUCCESS);
      return Outcome.DONE;
    }
    if (header.procedure !== Procedure.COMPOUND) {
      beginReply(out, xid, AcceptStat.PROC_UNAVAIL);
      return Outcome.DONE;
    }
    auth.keep(reader, start, principal);
    return this.#compound(rpc, connection, principal, xid, reader, bytes, out);
  }

  /** Who calls; undefined where the call was refused for its RPC version or credential. */
  #authenticate(
    header: CallHeader,
    auth: CredentialCache,
    xid: number,
    out: XdrWriter,
  ): Principal | undefined {
    if (header.rpcVersion !== RPC_VERSION) {
      beginDenied(out, xid);
      out.u32(RejectStat.RPC_MISMATCH).u32(RPC_VERSION).u32(RPC_VERSION);
      return undefined;
    }
    let why: number = AuthStat.REJECTEDCRED;
    if (isKnownFlavor(header.flavor)) {
      try {
        return auth.decode(header.flavor, header.credential);
      } catch {
        why = AuthStat.BADCRED;
      }
    }
    beginDenied(out, xid);
    out.u32(RejectStat.AUTH_ERROR).u32(why);
    return undefined;
  }

  #compound(
    rpc: RpcConnection,
    connection: Connection,
    principal: Principal,
    xid: number,
    reader: XdrReader,
    bytes: number,
    out: Message,
  ): Outcome {
    const args = this.#args;
    args.reset(reader.buffer, reader.position, reader.end);
    let tag: Buffer;
    let minor: number;
    let count: number;
    try {
      tag = args.opaque(this.#engine.limits.maxTag);
      minor = args.u32();
      count = args.count(MAX_WIRE_OPS);
    } catch {
      beginReply(out, xid, AcceptStat.GARBAGE_ARGS);
      return Outcome.DONE;
    }
    beginReply(out, xid, AcceptStat.SUCCESS);
    let execution = this.#next ?? this.#idle.pop();
    this.#next = undefined;
    if (execution === undefined) {
      const c = new Compound(this.#engine, connection, principal, args, out, minor, count, bytes);
      execution = new Execution(c, tag, this.#mark);
    } else {
      execution.compound.restart(connection, principal, args, out, minor, count, bytes);
      execution.restart(tag, this.#mark);
    }
    const c = execution.compound;
    let running: Awaitable<void>;
    try {
      running = execution.run();
    } catch (error) {
      c.slot?.fail();
      c.dropTail();
      throw error;
    }
    this.#mark = execution.mark;
    if (running instanceof Promise) {
      this.#args = new XdrReader();
      this.#later(running, rpc, c, xid, out, bytes);
      return Outcome.WAITS;
    }
    const { awaited } = execution;
    if (awaited !== undefined) {
      this.#hold(awaited, { rpc, xid, out, execution, bytes });
      return Outcome.HELD;
    }
    out.tail = c.takeTail();
    this.#keep(execution);
    return Outcome.DONE;
  }

  #keep(execution: Execution): void {
    if (this.#next === undefined) this.#next = execution;
    else if (this.#idle.length < MAX_IDLE) this.#idle.push(execution);
  }

  /** One callback for all that wait for the same: they are many, and a promise for each costs as much as the request. */
  #hold(until: Promise<unknown>, reply: HeldReply): void {
    if (this.#held?.until === until) {
      this.#held.replies.push(reply);
      return;
    }
    const held = { until, replies: [reply] };
    this.#held = held;
    until.then(
      () => this.#release(held, undefined),
      (error: unknown) => this.#release(held, { error }),
    );
  }

  #release(held: HeldReplies, failure: { readonly error: unknown } | undefined): void {
    if (this.#held === held) this.#held = undefined;
    const now = this.#engine.clock.now();
    for (const reply of held.replies) this.#answer(reply, now, failure);
  }

  #answer(reply: HeldReply, now: number, failure: { readonly error: unknown } | undefined): void {
    const { rpc, xid, out, execution, bytes } = reply;
    const c = execution.compound;
    try {
      if (failure === undefined) execution.release();
      else execution.refuse(failure.error);
      out.tail = c.takeTail();
      this.#keep(execution);
    } catch (fault) {
      this.#broke(c, xid, out, fault);
    }
    c.connection.lastActivity = now;
    this.#finish(rpc, out, bytes);
  }

  #broke(c: Compound, xid: number, out: Message, error: unknown): void {
    this.#engine.emit({ type: 'fault', operation: 'COMPOUND', error });
    c.slot?.fail();
    c.dropTail();
    out.clear();
    beginReply(out, xid, AcceptStat.SYSTEM_ERR);
  }

  /** Answers when it is done. Apart from the rest: a function that makes closures takes memory for what they share each time it is called. */
  #later(
    running: Promise<void>,
    rpc: RpcConnection,
    c: Compound,
    xid: number,
    out: Message,
    bytes: number,
  ): void {
    const finish = (): void => {
      out.tail = c.takeTail();
      c.connection.lastActivity = this.#engine.clock.now();
      this.#finish(rpc, out, bytes);
      returnMemory(c.args.buffer);
    };
    running.then(finish, (error: unknown) => {
      this.#broke(c, xid, out, error);
      finish();
    });
  }
}

/** Operations that a COMPOUND may claim to have before its session's own limit is known; each takes four bytes at least. */
const MAX_WIRE_OPS = 65_536;

function programServed(header: CallHeader, xid: number, out: XdrWriter): boolean {
  if (header.program !== NFS_PROGRAM) {
    beginReply(out, xid, AcceptStat.PROG_UNAVAIL);
    return false;
  }
  if (header.version !== NFS_VERSION) {
    beginReply(out, xid, AcceptStat.PROG_MISMATCH);
    out.u32(NFS_VERSION).u32(NFS_VERSION);
    return false;
  }
  return true;
}
