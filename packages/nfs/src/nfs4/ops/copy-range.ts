import type { Awaitable } from '../../vfs/index.ts';
import type { XdrReader } from '../../xdr/index.ts';
import { after } from '../after.ts';
import { requireRegularFile } from '../checks.ts';
import type { Compound } from '../compound.ts';
import { Status } from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import { requireIo } from '../io-access.ts';
import type { Place } from '../junction.ts';
import { readStateid, type Stateid } from '../stateid.ts';

/** What COPY and CLONE ask for. */
export interface AskedRange {
  readonly source: Stateid;
  readonly destination: Stateid;
  readonly fromOffset: number;
  readonly toOffset: number;
  /** 0 for all from `fromOffset` on. */
  readonly count: number;
}

/** Two files and the range between them, allowed and with its true count. */
export interface CopyRange {
  readonly from: Place;
  readonly to: Place;
  readonly fromOffset: number;
  readonly toOffset: number;
  readonly count: number;
  readonly sourceSize: number;
  readonly sameFile: boolean;
}

export function readRange(args: XdrReader): AskedRange {
  return {
    source: readStateid(args),
    destination: readStateid(args),
    fromOffset: args.u64(),
    toOffset: args.u64(),
    count: args.u64(),
  };
}

/** Runs `check` with the saved filehandle and its stateid as the current ones. */
function onSaved(c: Compound, check: () => Awaitable<number>): Awaitable<number> {
  const { export: here, node, stateid } = c;
  const restore = (): void => {
    c.export = here;
    c.node = node;
    c.stateid = stateid;
  };
  c.export = c.savedExport;
  c.node = c.savedNode;
  c.stateid = c.savedStateid;
  try {
    const checked = check();
    if (checked instanceof Promise) return checked.finally(restore);
    restore();
    return checked;
  } catch (error) {
    restore();
    throw error;
  }
}

/** The size of the current file, if it is one and the stateid allows what is wanted. */
function checkFile(c: Compound, id: Stateid, write: boolean): Awaitable<number> {
  return after(c.attributes(), (attributes) => {
    requireRegularFile(attributes);
    const { size } = attributes;
    return after(requireIo(c, id, write), () => size);
  });
}

function isSameFile(from: Place, to: Place): boolean {
  return from.target === to.target && from.target.same(from.node, to.node);
}

/** Checks both files and their stateids. NOFILEHANDLE, ROFS, WRONG_TYPE, and what a READ and a WRITE are refused with. */
export function prepareCopy(c: Compound, asked: AskedRange): Awaitable<CopyRange> {
  const { savedExport, savedNode, here, object } = c;
  if (savedExport === undefined || savedNode === undefined) throw new NfsError(Status.NOFILEHANDLE);
  c.requireWritable();
  const from = { target: savedExport, node: savedNode };
  const to = { target: here, node: object };
  const { fromOffset, toOffset } = asked;
  const source = onSaved(c, () => checkFile(c, asked.source, false));
  return after(source, (sourceSize) =>
    after(checkFile(c, asked.destination, true), () => {
      const count = asked.count === 0 ? Math.max(0, sourceSize - fromOffset) : asked.count;
      const sameFile = isSameFile(from, to);
      return { from, to, fromOffset, toOffset, count, sourceSize, sameFile };
    }),
  );
}

/** NFS4ERR_INVAL where the range leaves the source (RFC 7862 §15.2.3), FBIG where it leaves what a file may hold. */
export function requireRange(c: Compound, range: CopyRange): void {
  if (range.fromOffset + range.count > range.sourceSize) throw new NfsError(Status.INVAL);
  if (range.toOffset + range.count > c.fs.abilities.maxFileSize) throw new NfsError(Status.FBIG);
}
