import { Op, Status, VERIFIER_SIZE } from '../../nfs4/constants/index.ts';
import { readStateid, type Stateid, writeStateid } from '../../nfs4/stateid.ts';
import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import {
  type Hyper,
  MAX_FIELD,
  readBitmap,
  readList,
  readText,
  readTime,
  type Text,
  writeBitmap,
  writeHyper,
  writeText,
} from '../codec.ts';
import { type ClientOp, command, query } from '../compound.ts';

const STATEID_BYTES = 16;
const WORD = 4;

const range = (op: number) => (stateid: Stateid, offset: Hyper, length: Hyper) =>
  command(op, (out) => {
    writeStateid(out, stateid);
    writeHyper(out, offset);
    writeHyper(out, length);
  });

export const allocate = range(Op.ALLOCATE);
export const deallocate = range(Op.DEALLOCATE);

export const DataContent = { DATA: 0, HOLE: 1 } as const;

export const seek = (stateid: Stateid, offset: Hyper, what: number) =>
  query(
    Op.SEEK,
    (out) => {
      writeStateid(out, stateid);
      writeHyper(out, offset);
      out.u32(what);
    },
    (r) => ({ eof: r.bool(), offset: r.bigU64() }),
  );

export type ReadPlusSegment =
  | { readonly content: 'data'; readonly offset: bigint; readonly data: Buffer }
  | { readonly content: 'hole'; readonly offset: bigint; readonly length: bigint };

function readSegment(r: XdrReader): ReadPlusSegment {
  const content = r.u32();
  if (content === DataContent.DATA) return { content: 'data', offset: r.bigU64(), data: r.opaque(MAX_FIELD) };
  if (content === DataContent.HOLE) return { content: 'hole', offset: r.bigU64(), length: r.bigU64() };
  throw new RangeError(`data_content4 ${content}`);
}

export const readPlus = (stateid: Stateid, offset: Hyper, count: number) =>
  query(
    Op.READ_PLUS,
    (out) => {
      writeStateid(out, stateid);
      writeHyper(out, offset);
      out.u32(count);
    },
    (r) => ({ eof: r.bool(), segments: readList(r, WORD, () => readSegment(r)) }),
  );

export interface CopyRange {
  readonly from: Stateid;
  readonly to: Stateid;
  readonly fromOffset: Hyper;
  readonly toOffset: Hyper;
  readonly count: Hyper;
}

function writeRange(out: XdrWriter, args: CopyRange): void {
  writeStateid(out, args.from);
  writeStateid(out, args.to);
  writeHyper(out, args.fromOffset);
  writeHyper(out, args.toOffset);
  writeHyper(out, args.count);
}

/** write_response4. */
function readWriteResponse(r: XdrReader) {
  return {
    callbackId: readList(r, STATEID_BYTES, () => readStateid(r)),
    count: r.bigU64(),
    committed: r.u32(),
    verifier: Buffer.from(r.fixed(VERIFIER_SIZE)),
  };
}

const readRequirements = (r: XdrReader) => ({ consecutive: r.bool(), synchronous: r.bool() });

/** A netloc4 by name. */
const NETLOC_NAME = 1;

export interface CopyArgs extends CopyRange {
  readonly consecutive?: boolean;
  readonly synchronous?: boolean;
  /** Names of source servers, for a copy between servers. */
  readonly sources?: readonly Text[];
}

export interface CopyResult {
  readonly response: ReturnType<typeof readWriteResponse>;
  readonly requirements: ReturnType<typeof readRequirements>;
}

export const copy = (args: CopyArgs): ClientOp<CopyResult> => ({
  op: Op.COPY,
  args: (out) => {
    writeRange(out, args);
    out.bool(args.consecutive ?? true).bool(args.synchronous ?? true);
    const sources = args.sources ?? [];
    out.u32(sources.length);
    for (const source of sources) writeText(out.u32(NETLOC_NAME), source);
  },
  ok: (r) => ({ response: readWriteResponse(r), requirements: readRequirements(r) }),
  failed: (r, status) => (status === Status.OFFLOAD_NO_REQS ? readRequirements(r) : undefined),
});

export const clone = (args: CopyRange) => command(Op.CLONE, (out) => writeRange(out, args));

/** A netloc4; its kinds share one shape but for the address. */
function readNetloc(r: XdrReader): string {
  const NETADDR = 3;
  const kind = r.u32();
  return kind === NETADDR ? `${readText(r)} ${readText(r)}` : readText(r);
}

export const copyNotify = (stateid: Stateid, destination: Text) =>
  query(
    Op.COPY_NOTIFY,
    (out) => {
      writeStateid(out, stateid);
      writeText(out.u32(NETLOC_NAME), destination);
    },
    (r) => ({ lease: readTime(r), stateid: readStateid(r), sources: readList(r, WORD, () => readNetloc(r)) }),
  );

export const offloadCancel = (stateid: Stateid) =>
  command(Op.OFFLOAD_CANCEL, (out) => writeStateid(out, stateid));

export const offloadStatus = (stateid: Stateid) =>
  query(
    Op.OFFLOAD_STATUS,
    (out) => writeStateid(out, stateid),
    (r) => ({ count: r.bigU64(), complete: readList(r, WORD, () => r.u32()) }),
  );

/** Yields the hints that the server takes up. */
export const ioAdvise = (stateid: Stateid, offset: Hyper, count: Hyper, hints: readonly number[]) =>
  query(
    Op.IO_ADVISE,
    (out) => {
      writeStateid(out, stateid);
      writeHyper(out, offset);
      writeHyper(out, count);
      writeBitmap(out, hints);
    },
    readBitmap,
  );

export const writeSame = (
  stateid: Stateid,
  args: {
    readonly offset: Hyper;
    readonly blockSize: Hyper;
    readonly blocks: Hyper;
    readonly pattern: Uint8Array;
  },
) =>
  query(
    Op.WRITE_SAME,
    (out) => {
      writeStateid(out, stateid);
      out.u32(0);
      writeHyper(out, args.offset);
      writeHyper(out, args.blockSize);
      writeHyper(out, args.blocks);
      out.u64(0).u32(0).u64(0).opaque(args.pattern);
    },
    readWriteResponse,
  );
