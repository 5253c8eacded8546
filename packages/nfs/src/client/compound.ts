import { Status } from '../nfs4/constants/index.ts';
import { XdrReader, XdrWriter } from '../xdr/index.ts';
import { MAX_FIELD, MAX_LIST, readText, type Text, writeText } from './codec.ts';
import { NfsStatusError, RpcError } from './errors.ts';

export const NFS_PROGRAM = 100003;
export const NFS_VERSION = 4;
export const Procedure = { NULL: 0, COMPOUND: 1 } as const;

/** One operation of a COMPOUND: how its arguments are written and its result is read. */
export interface ClientOp<Result = unknown> {
  readonly op: number;
  args(out: XdrWriter): void;
  /** Reads what follows NFS4_OK. */
  ok(reader: XdrReader): Result;
  /** Reads what follows another status, for the few operations that have something there. */
  failed?(reader: XdrReader, status: Status): unknown;
}

/** What the operations of a tuple yield. */
export type Results<Ops extends readonly ClientOp[]> = {
  -readonly [K in keyof Ops]: Ops[K] extends ClientOp<infer Result> ? Result : never;
};

/** The result of one operation, in the order of the reply. */
export interface OpResult {
  /** As the reply says: NFS4ERR_OP_ILLEGAL comes with ILLEGAL. */
  readonly op: number;
  readonly status: Status;
  /** What the operation yields; undefined where it failed. */
  readonly value: unknown;
  /** What a failed one carries. */
  readonly body: unknown;
}

export interface CompoundReply<Ops extends readonly ClientOp[] = readonly ClientOp[]> {
  readonly status: Status;
  readonly tag: string;
  readonly results: readonly OpResult[];
  /** The COMPOUND4res as it came. */
  readonly raw: Buffer;
  /** All values where every operation succeeded; throws {@link NfsStatusError} otherwise. */
  values(): Results<Ops>;
}

export interface CompoundOptions {
  readonly tag?: Text;
  readonly minor?: number;
  /** An operation count other than the true one. */
  readonly count?: number;
  /** Bytes behind the last operation. */
  readonly trailer?: Uint8Array;
}

/** COMPOUND4args. */
export function encodeCompound(ops: readonly ClientOp[], options: CompoundOptions = {}): Buffer {
  const out = new XdrWriter();
  writeText(out, options.tag ?? '');
  out.u32(options.minor ?? 1).u32(options.count ?? ops.length);
  const parts: Buffer[] = [];
  for (const op of ops) {
    out.u32(op.op);
    if (op instanceof RawOp) {
      // Raw arguments may have any length, whole words or not.
      parts.push(Buffer.from(out.bytes()), Buffer.from(op.bytes));
      out.clear();
    } else {
      op.args(out);
    }
  }
  parts.push(Buffer.from(out.bytes()));
  if (options.trailer !== undefined) parts.push(Buffer.from(options.trailer));
  return Buffer.concat(parts);
}

/** Any operation number with any bytes as its arguments; its result is what is left of the reply. */
export class RawOp implements ClientOp<Buffer> {
  readonly op: number;
  readonly bytes: Uint8Array;

  constructor(op: number, bytes: Uint8Array = Buffer.alloc(0)) {
    this.op = op;
    this.bytes = bytes;
  }

  args(out: XdrWriter): void {
    out.fixed(this.bytes);
  }

  ok(reader: XdrReader): Buffer {
    return reader.fixed(reader.remaining);
  }

  failed(reader: XdrReader): Buffer {
    return this.ok(reader);
  }
}

/** COMPOUND4res for the operations that were asked. Throws XdrError or RPC_MALFORMED where the reply is not what it must be. */
export function decodeCompound<const Ops extends readonly ClientOp[]>(
  reader: XdrReader,
  ops: Ops,
): CompoundReply<Ops> {
  const raw = reader.buffer.subarray(reader.position, reader.end);
  const status = reader.u32() as Status;
  const tag = readText(reader);
  const count = reader.count(MAX_LIST);
  const results: OpResult[] = [];
  for (let index = 0; index < count; index++) results.push(readResult(reader, ops[index]));
  if (reader.remaining > 0) throw new RpcError('RPC_MALFORMED', `${reader.remaining} bytes behind the reply`);
  return { status, tag, results, raw, values: () => valuesOf<Ops>(status, results) };
}

function readResult(reader: XdrReader, asked: ClientOp | undefined): OpResult {
  const op = reader.u32();
  const status = reader.u32() as Status;
  if (asked === undefined) {
    // Due where a test has claimed more operations than it sent.
    if (status === Status.OK) throw new RpcError('RPC_MALFORMED', 'more results than operations');
    return { op, status, value: undefined, body: undefined };
  }
  if (op !== asked.op && status === Status.OK) {
    throw new RpcError('RPC_MALFORMED', `result of operation ${op}, asked was ${asked.op}`);
  }
  if (status === Status.OK) return { op, status, value: asked.ok(reader), body: undefined };
  return { op, status, value: undefined, body: asked.failed?.(reader, status) };
}

function valuesOf<Ops extends readonly ClientOp[]>(
  status: Status,
  results: readonly OpResult[],
): Results<Ops> {
  if (status !== Status.OK) {
    const index = results.findIndex((result) => result.status !== Status.OK);
    throw new NfsStatusError(status, results[index]?.op ?? 0, index, results[index]?.body);
  }
  return results.map((result) => result.value) as Results<Ops>;
}

/** An operation without arguments and without a result. */
export function plain(op: number): ClientOp<void> {
  return { op, args: () => undefined, ok: () => undefined };
}

/** An operation with arguments and without a result. */
export function command(op: number, args: (out: XdrWriter) => void): ClientOp<void> {
  return { op, args, ok: () => undefined };
}

/** An operation with arguments and a result. */
export function query<Result>(
  op: number,
  args: (out: XdrWriter) => void,
  ok: (reader: XdrReader) => Result,
): ClientOp<Result> {
  return { op, args, ok };
}

/** A reader of its own over bytes that outlive the reply's. */
export function copyOf(bytes: Buffer): Buffer {
  return Buffer.from(bytes);
}

export function readHandle(reader: XdrReader): Buffer {
  return copyOf(reader.opaque(MAX_FIELD));
}

/** For arguments kept as bytes, as fuzzers want them. */
export function encodeArgs(op: ClientOp): Buffer {
  const out = new XdrWriter();
  op.args(out);
  return Buffer.from(out.bytes());
}

/** A reader over a copy of what is left. */
export function rest(reader: XdrReader): XdrReader {
  return new XdrReader(copyOf(reader.buffer.subarray(reader.position, reader.end)));
}
