import type { Credentials } from '../vfs/index.ts';
import { XdrError, XdrReader, type XdrWriter } from '../xdr/index.ts';
import { AuthFlavor } from './message.ts';

/** The caller of an RPC as its credential names it, before squashing. */
export interface Principal {
  readonly flavor: number;
  readonly credentials: Credentials;
  readonly machine: string;
}

const MAX_MACHINE_NAME = 255;
const MAX_GROUPS = 16;
const NOBODY = 65534;

const ANONYMOUS: Principal = Object.freeze({
  flavor: AuthFlavor.NONE,
  credentials: Object.freeze({ uid: NOBODY, gid: NOBODY, groups: Object.freeze([]) }),
  machine: '',
});

/** authsys_parms (RFC 5531, appendix A). */
export interface AuthSys {
  readonly stamp: number;
  readonly machine: string;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

export function readAuthSys(reader: XdrReader): AuthSys {
  const stamp = reader.u32();
  const machine = reader.opaque(MAX_MACHINE_NAME).toString('utf8');
  const uid = reader.u32();
  const gid = reader.u32();
  const groups: number[] = [];
  for (let left = reader.count(MAX_GROUPS); left > 0; left--) groups.push(reader.u32());
  return { stamp, machine, uid, gid, groups };
}

export function writeAuthSys(out: XdrWriter, auth: AuthSys): void {
  out.u32(auth.stamp).string(auth.machine).u32(auth.uid).u32(auth.gid).u32(auth.groups.length);
  for (const group of auth.groups) out.u32(group);
}

/** True for the flavors that {@link CredentialCache} understands. */
export function isKnownFlavor(flavor: number): boolean {
  return flavor === AuthFlavor.NONE || flavor === AuthFlavor.SYS;
}

/**
 * Decodes credentials, keeping the last ones of a connection: most of its requests carry the same bytes, and get the same object, which others may
 * then use as a key.
 */
export class CredentialCache {
  #bytes: Buffer | undefined;
  #principal: Principal = ANONYMOUS;
  /** The header of a call that was accepted, from the RPC version to the end of the verifier. */
  #header: Int32Array | undefined;
  #caller: Principal = ANONYMOUS;

  /** Who calls, where the header at the reader is byte for byte the one that was kept: the reader is behind it then. */
  known(reader: XdrReader): Principal | undefined {
    const header = this.#header;
    return header !== undefined && reader.skipSame(header) ? this.#caller : undefined;
  }

  /** Keeps the header that lies from `start` to the reader's position. */
  keep(reader: XdrReader, start: number, caller: Principal): void {
    this.#header = reader.wordsFrom(start);
    this.#caller = caller;
  }

  /** Throws XdrError. */
  decode(flavor: number, credential: Buffer): Principal {
    if (flavor === AuthFlavor.NONE) return ANONYMOUS;
    if (this.#bytes?.equals(credential)) return this.#principal;
    const reader = new XdrReader(credential);
    const { machine, uid, gid, groups } = readAuthSys(reader);
    if (reader.remaining > 0) throw new XdrError('bytes behind the credential');
    this.#bytes = Buffer.from(credential);
    const credentials = Object.freeze({ uid, gid, groups: Object.freeze(groups) });
    this.#principal = Object.freeze({ flavor, credentials, machine });
    return this.#principal;
  }
}
