import { setImmediate as nextTurn } from 'node:timers/promises';
import { Attr, CbOp, Status } from '../nfs4/constants/index.ts';
import { XdrWriter } from '../xdr/index.ts';
import {
  type CallbackOp,
  type CbGetattr,
  type CbNotifyLock,
  type CbRecall,
  type CbSequence,
  readCallbackOp,
} from './callback-ops.ts';
import { MAX_LIST, readText, type Time, writeBitmap, writeTime } from './codec.ts';
import { RpcError } from './errors.ts';
import type { RpcConnection } from './rpc-client.ts';
import { AcceptStat, type IncomingCall, type RpcAuth } from './rpc-message.ts';

/** In the range that RFC 5531 leaves to be assigned at run time. */
export const CALLBACK_PROGRAM = 0x40000000;
const CALLBACK_VERSION = 1;
const CallbackProcedure = { NULL: 0, COMPOUND: 1 } as const;

/** What the holder of a write delegation answers to CB_GETATTR. */
export interface DelegatedAttributes {
  readonly change?: bigint;
  readonly size?: bigint;
  readonly timeAccess?: Time;
  readonly timeModify?: Time;
}

type Answer<T> = T | Promise<T>;

/**
 * What a test does about callbacks. Where `recall` and `getattr` are absent, the session answers as a client without a cache does: it returns the
 * delegation, and knows what the server knows. What else is absent answers NFS4_OK.
 */
export interface CallbackHandlers {
  recall?(args: CbRecall, call: CallbackCall): Answer<Status>;
  getattr?(args: CbGetattr, call: CallbackCall): Answer<DelegatedAttributes | Status>;
  notifyLock?(args: CbNotifyLock, call: CallbackCall): Answer<Status>;
  /** Any other operation but CB_SEQUENCE. */
  other?(args: CallbackOp, call: CallbackCall): Answer<Status>;
  /** First, for every call: an answer in the place of the proper one. */
  intercept?(call: CallbackCall): Answer<Buffer | AcceptStat | 'drop' | undefined>;
}

/** One callback as it came in. */
export interface CallbackCall {
  readonly connection: RpcConnection;
  readonly procedure: number;
  readonly program: number;
  readonly credential: RpcAuth;
  readonly minor: number;
  readonly ops: readonly CallbackOp[];
}

interface BackSlot {
  sequence: number;
  /** The last answer; undefined while it is being made. */
  reply: Buffer | undefined;
}

/** What a session does about callbacks by itself. */
export interface CallbackReactions {
  recallSlot(target: number): void;
  /** Returns the delegation, later. */
  recall(args: CbRecall): void;
  getattr(args: CbGetattr): Promise<DelegatedAttributes | Status>;
}

/** The client's end of one session's back channel. */
interface BackSession {
  readonly slots: BackSlot[];
  readonly reactions: Partial<CallbackReactions>;
}

interface Watcher {
  matches(call: CallbackCall): boolean;
  resolve(call: CallbackCall): void;
}

/** Answers the server's calls by the rules of CB_SEQUENCE (RFC 8881 §20.9), and keeps them for tests to look at. */
export class CallbackService {
  handlers: CallbackHandlers;
  program: number;
  /** Every call since the start, retransmissions too. */
  readonly received: CallbackCall[] = [];
  readonly #sessions = new Map<string, BackSession>();
  readonly #watchers = new Set<Watcher>();

  constructor(handlers: CallbackHandlers = {}, program: number = CALLBACK_PROGRAM) {
    this.handlers = handlers;
    this.program = program;
  }

  addSession(sessionId: Buffer, slots: number, reactions: Partial<CallbackReactions> = {}): void {
    const table = Array.from({ length: slots }, (): BackSlot => ({ sequence: 0, reply: undefined }));
    this.#sessions.set(sessionId.toString('hex'), { slots: table, reactions });
  }

  removeSession(sessionId: Buffer): void {
    this.#sessions.delete(sessionId.toString('hex'));
  }

  /** The next call, or one that has come already, with an operation of this number. Rejects with RPC_TIMEOUT. */
  waitFor(op: CbOp, timeoutMs = 5_000, since = 0): Promise<CallbackCall> {
    const matches = (call: CallbackCall) => call.ops.some((each) => each.op === op);
    const there = this.received.slice(since).find(matches);
    if (there !== undefined) return Promise.resolve(there);
    const { promise, resolve, reject } = Promise.withResolvers<CallbackCall>();
    const watcher: Watcher = {
      matches,
      resolve: (call) => {
        clearTimeout(timer);
        this.#watchers.delete(watcher);
        resolve(call);
      },
    };
    const timer = setTimeout(() => {
      this.#watchers.delete(watcher);
      reject(new RpcError('RPC_TIMEOUT', `no callback ${op} within ${timeoutMs} ms`));
    }, timeoutMs);
    this.#watchers.add(watcher);
    return promise;
  }

  /** For {@link RpcConnection.onCall}. */
  readonly handle = async (
    call: IncomingCall,
    connection: RpcConnection,
  ): Promise<Buffer | AcceptStat | 'drop'> => {
    if (call.program !== this.program) return AcceptStat.PROG_UNAVAIL;
    if (call.version !== CALLBACK_VERSION) return AcceptStat.PROG_MISMATCH;
    if (call.procedure > CallbackProcedure.COMPOUND) return AcceptStat.PROC_UNAVAIL;
    const { procedure, program, credential } = call;
    const base = { connection, procedure, program, credential };
    if (procedure === CallbackProcedure.NULL) {
      const known = { ...base, minor: 0, ops: [] };
      return (await this.#note(known)) ?? Buffer.alloc(0);
    }
    let request: ReturnType<typeof decodeCallback>;
    try {
      request = decodeCallback(call);
    } catch {
      return AcceptStat.GARBAGE_ARGS;
    }
    const known = { ...base, minor: request.minor, ops: request.ops };
    return (await this.#note(known)) ?? this.#compound(request.tag, known);
  };

  async #note(call: CallbackCall): Promise<Buffer | AcceptStat | 'drop' | undefined> {
    this.received.push(call);
    for (const watcher of [...this.#watchers]) if (watcher.matches(call)) watcher.resolve(call);
    return this.handlers.intercept?.(call);
  }

  async #compound(tag: string, call: CallbackCall): Promise<Buffer> {
    const first = call.ops[0];
    if (first === undefined) return encodeResults(tag, []);
    if (first.op !== CbOp.SEQUENCE) return encodeResults(tag, [[first.op, Status.OP_NOT_IN_SESSION]]);
    const session = await this.#session(first.sessionId);
    if (session === undefined) return encodeResults(tag, [[first.op, Status.BADSESSION]]);
    const slot = session.slots[first.slot];
    if (slot === undefined) return encodeResults(tag, [[first.op, Status.BADSLOT]]);
    if (first.sequence === slot.sequence) {
      return slot.reply ?? encodeResults(tag, [[first.op, Status.DELAY]]);
    }
    if (first.sequence !== (slot.sequence + 1) >>> 0) {
      return encodeResults(tag, [[first.op, Status.SEQ_MISORDERED]]);
    }
    slot.sequence = first.sequence;
    slot.reply = undefined;
    slot.reply = await this.#run(tag, first, session, call);
    return slot.reply;
  }

  /** A callback may overtake the code that waits for CREATE_SESSION's reply in the same read. */
  async #session(id: Buffer): Promise<BackSession | undefined> {
    const key = id.toString('hex');
    if (!this.#sessions.has(key)) await nextTurn();
    return this.#sessions.get(key);
  }

  async #run(tag: string, sequence: CbSequence, session: BackSession, call: CallbackCall): Promise<Buffer> {
    const results: Result[] = [[CbOp.SEQUENCE, Status.OK, sequenceBody(sequence, session.slots.length - 1)]];
    for (const args of call.ops.slice(1)) {
      const result = await this.#one(args, session, call);
      results.push(result);
      if (result[1] !== Status.OK) break;
    }
    return encodeResults(tag, results);
  }

  async #one(args: CallbackOp, session: BackSession, call: CallbackCall): Promise<Result> {
    const { handlers } = this;
    switch (args.op) {
      case CbOp.SEQUENCE:
        return [args.op, Status.SEQUENCE_POS];
      case CbOp.RECALL:
        if (handlers.recall !== undefined) return [args.op, await handlers.recall(args, call)];
        session.reactions.recall?.(args);
        return [args.op, Status.OK];
      case CbOp.NOTIFY_LOCK:
        return [args.op, (await handlers.notifyLock?.(args, call)) ?? Status.OK];
      case CbOp.GETATTR: {
        const get = handlers.getattr ?? session.reactions.getattr;
        const answer = (await get?.(args, call)) ?? Status.BADHANDLE;
        return typeof answer === 'number' ? [args.op, answer] : [args.op, Status.OK, delegatedBody(answer)];
      }
      case CbOp.RECALL_SLOT:
        session.reactions.recallSlot?.(args.targetHighestSlot);
        return [args.op, (await handlers.other?.(args, call)) ?? Status.OK];
      case CbOp.ILLEGAL:
        return [args.op, Status.OP_ILLEGAL];
      case CbOp.RECALL_ANY:
      case CbOp.RECALLABLE_OBJ_AVAIL:
      case CbOp.NOTIFY:
      case CbOp.PUSH_DELEG:
      case CbOp.WANTS_CANCELLED:
        return [args.op, (await handlers.other?.(args, call)) ?? Status.OK];
    }
  }
}

function decodeCallback(call: IncomingCall): { tag: string; minor: number; ops: CallbackOp[] } {
  const tag = readText(call.args);
  const minor = call.args.u32();
  call.args.u32();
  const count = call.args.count(MAX_LIST);
  const ops: CallbackOp[] = [];
  for (let i = 0; i < count; i++) {
    const op = readCallbackOp(call.args);
    ops.push(op);
    if (op.op === CbOp.ILLEGAL) break;
  }
  return { tag, minor, ops };
}

type Result = readonly [op: number, status: Status, body?: Buffer];

function encodeResults(tag: string, results: readonly Result[]): Buffer {
  const out = new XdrWriter();
  out
    .u32(results.at(-1)?.[1] ?? Status.OK)
    .string(tag)
    .u32(results.length);
  for (const [op, status, body] of results) {
    out.u32(op).u32(status);
    if (body !== undefined) out.fixed(body);
  }
  return Buffer.from(out.bytes());
}

function sequenceBody(args: CbSequence, highest: number): Buffer {
  const out = new XdrWriter();
  out.fixed(args.sessionId).u32(args.sequence).u32(args.slot).u32(highest).u32(highest);
  return Buffer.from(out.bytes());
}

function delegatedBody(attributes: DelegatedAttributes): Buffer {
  const mask: number[] = [];
  const values = new XdrWriter();
  const add = <T>(number: number, value: T | undefined, write: (value: T) => void) => {
    if (value === undefined) return;
    mask.push(number);
    write(value);
  };
  add(Attr.CHANGE, attributes.change, (value) => values.bigU64(value));
  add(Attr.SIZE, attributes.size, (value) => values.bigU64(value));
  add(Attr.TIME_DELEG_ACCESS, attributes.timeAccess, (value) => writeTime(values, value));
  add(Attr.TIME_DELEG_MODIFY, attributes.timeModify, (value) => writeTime(values, value));
  const out = new XdrWriter();
  writeBitmap(out, mask);
  out.opaque(values.bytes());
  return Buffer.from(out.bytes());
}
