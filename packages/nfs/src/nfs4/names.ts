import { isUtf8 } from 'node:buffer';
import type { XdrReader } from '../xdr/index.ts';
import { Status } from './constants/index.ts';
import { NfsError } from './errors.ts';

const SLASH = 0x2f;
const DOT = 0x2e;
/** XDR takes more than a name may have, so that a long one gets its own status rather than NFS4ERR_BADXDR. */
const MAX_WIRE_NAME = 64 * 1024;

/** A component4, not yet checked. */
export function readNameBytes(args: XdrReader): Buffer {
  return args.opaque(MAX_WIRE_NAME);
}

/** A component4 by where it stands in the request, not yet checked. */
export interface WireName {
  readonly at: number;
  readonly length: number;
}

export const NO_NAME: WireName = { at: 0, length: 0 };

export function readWireName(args: XdrReader): WireName {
  const length = args.length(MAX_WIRE_NAME);
  return { at: args.offset(length), length };
}

/**
 * Checks a component4 and decodes it: NFS4ERR_INVAL where it is empty or not UTF-8, NAMETOOLONG beyond `max` bytes, BADCHAR for "/" and
 * NUL, BADNAME for "." and ".." (RFC 8881 §14.4, §15.1.3).
 */
export function checkName(bytes: Buffer, { at: start, length }: WireName, max: number): string {
  const end = start + length;
  if (length === 0) throw new NfsError(Status.INVAL);
  if (length > max) throw new NfsError(Status.NAMETOOLONG);
  let ascii = true;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === SLASH || byte === 0) throw new NfsError(Status.BADCHAR);
    if (byte > 0x7f) ascii = false;
  }
  if (bytes[start] === DOT && (length === 1 || (length === 2 && bytes[start + 1] === DOT)))
    throw new NfsError(Status.BADNAME);
  if (ascii) return bytes.toString('latin1', start, end);
  if (!isUtf8(bytes.subarray(start, end))) throw new NfsError(Status.INVAL);
  return bytes.toString('utf8', start, end);
}

export function readName(args: XdrReader, max: number): string {
  return checkName(args.buffer, readWireName(args), max);
}
