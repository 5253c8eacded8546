import { BlockList, isIPv6 } from 'node:net';
import type { Share, SquashMode } from '../server.ts';
import type { Awaitable, Credentials, FileSystem } from '../vfs/index.ts';
import type { XdrReader, XdrWriter } from '../xdr/index.ts';
import type { AttributeTable } from './attributes/table.ts';
import { FH_SIZE, Status } from './constants/index.ts';
import { NfsError } from './errors.ts';
import type { Load, ShareLoads } from './load.ts';
import { buildPseudo, type PseudoDirectory, PseudoFileSystem } from './pseudo.ts';

const NOBODY = 65534;
const PRIVILEGED_PORTS = 1024;
const HANDLE_VERSION = 1;
const HANDLE_HEADER = 5;
export const PSEUDO_EXPORT_ID = 0;

/** A share as the engine serves it: its file system, and the terms checked and compiled. */
export class Export {
  readonly id: number;
  readonly path: string;
  readonly fileSystem: FileSystem;
  readonly readOnly: boolean;
  /** Its files may be delegated. */
  readonly delegations: boolean;
  readonly #squash: SquashMode;
  readonly #anonymous: Credentials;
  readonly #clients: BlockList | undefined;
  readonly #privilegedPort: boolean;
  /** By minor version, made when they are needed. */
  readonly attributeTables: (AttributeTable | undefined)[] = [undefined, undefined, undefined];
  /** What it has been asked; the pseudo file system's is not kept. */
  readonly load: Load | undefined;
  /** What its handles begin with. */
  readonly handleHead: Uint8Array;
  /** The pseudo directory that the share's root covers. */
  junction: PseudoDirectory | undefined;
  #rootHandle: Buffer | undefined;
  /** The last credentials squashed and what became of them: one connection's requests have the same. */
  #lastFrom: Credentials | undefined;
  #lastTo: Credentials | undefined;

  constructor(share: Share, load?: Load) {
    this.load = load;
    this.id = share.id;
    this.handleHead = handleHead(share.id);
    this.path = share.path;
    this.fileSystem = share.fileSystem;
    this.readOnly = share.readOnly ?? false;
    this.delegations = share.delegations ?? true;
    this.#squash = share.squash ?? 'root';
    const gid = share.anonymousGid ?? NOBODY;
    this.#anonymous = Object.freeze({ uid: share.anonymousUid ?? NOBODY, gid, groups: Object.freeze([]) });
    this.#clients = share.clients === undefined ? undefined : blockList(share.clients);
    this.#privilegedPort = share.requirePrivilegedPort ?? false;
  }

  /** The root's handle: a copy, since a file system may answer each time from the same memory. */
  get rootHandle(): Buffer {
    this.#rootHandle ??= Buffer.from(this.fileSystem.handle(this.fileSystem.root()));
    return this.#rootHandle;
  }

  /** Are two objects of the file system the same one? It may hand out more than one object for a thing, but only one handle. */
  same(a: object, b: object): boolean {
    if (a === b) return true;
    const handle = Buffer.from(this.fileSystem.handle(a));
    return handle.equals(this.fileSystem.handle(b));
  }

  squash(cred: Credentials): Credentials {
    if (cred === this.#lastFrom) return this.#lastTo!;
    const squashed = this.#squashed(cred);
    this.#lastFrom = cred;
    this.#lastTo = squashed;
    return squashed;
  }

  #squashed(cred: Credentials): Credentials {
    if (this.#squash === 'all') return this.#anonymous;
    if (this.#squash === 'none') return cred;
    if (cred.uid === 0) return this.#anonymous;
    if (cred.gid !== 0 && !cred.groups.includes(0)) return cred;
    // Root's group is squashed like root: it would open what belongs to group 0.
    const gid = cred.gid === 0 ? this.#anonymous.gid : cred.gid;
    return Object.freeze({ uid: cred.uid, gid, groups: cred.groups.filter((g) => g !== 0) });
  }

  /** May somebody at this address and port use the share? */
  admits(address: string, port: number): boolean {
    if (this.#privilegedPort && port >= PRIVILEGED_PORTS) return false;
    return this.#clients === undefined || this.#clients.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
}

function handleHead(id: number): Uint8Array {
  const head = Buffer.alloc(HANDLE_HEADER);
  head[0] = HANDLE_VERSION;
  head.writeUInt32BE(id, 1);
  return head;
}

function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/** All exports, joined under one root by the pseudo file system (RFC 8881 §7.3). */
export class Namespace {
  #exports = new Map<number, Export>();
  #pseudo: Export;
  /** The export that was asked for last. */
  #last: Export | undefined;
  innerLength = 0;
  innerEnd = 0;
  readonly #loads: ShareLoads;

  /** `now` in milliseconds dates the pseudo directories. */
  constructor(shares: readonly Share[], now: number, loads: ShareLoads) {
    this.#loads = loads;
    this.#pseudo = new Export(pseudoShare(new PseudoFileSystem(buildPseudo([], now))));
    this.setShares(shares, now);
  }

  get pseudo(): Export {
    return this.#pseudo;
  }

  get exports(): Iterable<Export> {
    return this.#exports.values();
  }

  byId(id: number): Export | undefined {
    if (this.#last?.id === id) return this.#last;
    this.#last = this.#find(id);
    return this.#last;
  }

  #find(id: number): Export | undefined {
    return id === PSEUDO_EXPORT_ID ? this.#pseudo : this.#exports.get(id);
  }

  /** Replaces the shares; an export that stays keeps its id and so its handles. */
  setShares(shares: readonly Share[], now: number): void {
    const exports = new Map<number, Export>();
    for (const share of shares) {
      if (share.id === PSEUDO_EXPORT_ID || exports.has(share.id))
        throw new RangeError(`share id ${share.id} is taken`);
      exports.set(share.id, new Export(share, this.#loads.of(share.id)));
    }
    const root = buildPseudo([...exports.values()], now);
    this.#exports = exports;
    this.#last = undefined;
    this.#pseudo = new Export(pseudoShare(new PseudoFileSystem(root)));
  }

  /** Writes an nfs_fh4. */
  writeHandle(out: XdrWriter, target: Export, node: object): void {
    out.joined(target.handleHead, target.fileSystem.handle(node));
  }

  /**
   * Reads an nfs_fh4 and finds its export; the file system's part of it is then the last `innerLength` bytes before `innerEnd` of the arguments.
   * BADHANDLE, STALE.
   */
  readHandle(args: XdrReader): Export {
    const length = args.length(FH_SIZE);
    const at = args.offset(length);
    const { buffer } = args;
    if (length <= HANDLE_HEADER || buffer[at] !== HANDLE_VERSION) throw new NfsError(Status.BADHANDLE);
    const target = this.byId(args.view.getUint32(at + 1));
    if (target === undefined) throw new NfsError(Status.STALE);
    this.innerLength = length - HANDLE_HEADER;
    this.innerEnd = at + length;
    return target;
  }

  /** The object of the handle that was read last. */
  resolve(target: Export, args: XdrReader): Awaitable<object> {
    const { fileSystem } = target;
    const start = this.innerEnd - this.innerLength;
    if (fileSystem.resolveIn !== undefined) return fileSystem.resolveIn(args.buffer, start, this.innerEnd);
    return fileSystem.resolve(args.buffer.subarray(start, this.innerEnd));
  }
}

function pseudoShare(fileSystem: PseudoFileSystem): Share {
  return {
    id: PSEUDO_EXPORT_ID,
    path: '/',
    fileSystem: fileSystem as FileSystem,
    readOnly: true,
    squash: 'none',
  };
}
