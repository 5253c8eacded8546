import { randomBytes } from 'node:crypto';
import { CreateMode, OpenClaim, ShareAccess, VERIFIER_SIZE } from '../nfs4/constants/index.ts';
import { ANONYMOUS_STATEID, type Stateid } from '../nfs4/stateid.ts';
import { FileType } from '../vfs/attributes.ts';
import { type AttributeArgs, type FileAttributes, KNOWN_ATTRIBUTES, STAT_ATTRIBUTES } from './attributes.ts';
import type { ChangeInfo, StateOwner, Text } from './codec.ts';
import type { ClientOp } from './compound.ts';
import { OpenFile } from './open-file.ts';
import {
  access,
  type CreateHow,
  type CreateType,
  create,
  type DirectoryEntry,
  getattr,
  getfh,
  getxattr,
  link,
  listxattrs,
  lookup,
  open,
  putfh,
  putrootfh,
  type ReaddirArgs,
  readdir,
  readlink,
  remove,
  removexattr,
  rename,
  savefh,
  setattr,
  setxattr,
} from './ops/index.ts';
import type { RpcAuth } from './rpc-message.ts';
import type { Session } from './session.ts';
import type { RequestOptions } from './session-request.ts';

const OWNER_BYTES = 8;
const WRITE_CHUNK = 256 * 1024;

/** A file: by its path from the mount's root, or by its handle. */
export type Target = string | Buffer;

export interface OpenOptions {
  /** ShareAccess, with bits of OpenWant; READ where absent. */
  readonly access?: number;
  readonly deny?: number;
  readonly owner?: StateOwner;
  /** OPEN4_NOCREATE where absent. */
  readonly create?: 'unchecked' | 'guarded' | 'exclusive' | 'exclusive4_1';
  readonly attributes?: AttributeArgs;
  /** Of the exclusive ways; random where absent. */
  readonly verifier?: Uint8Array;
}

function createHow(options: OpenOptions): CreateHow | undefined {
  const attributes = options.attributes ?? { mode: 0o644 };
  const verifier = options.verifier ?? randomBytes(VERIFIER_SIZE);
  if (options.create === undefined) return undefined;
  switch (options.create) {
    case 'unchecked':
      return { mode: CreateMode.UNCHECKED, attributes };
    case 'guarded':
      return { mode: CreateMode.GUARDED, attributes };
    case 'exclusive':
      return { mode: CreateMode.EXCLUSIVE, verifier };
    case 'exclusive4_1':
      return { mode: CreateMode.EXCLUSIVE_1, verifier, attributes };
  }
}

/** "a/b/c" as the directory "a/b" and the name "c". */
function splitPath(path: string): [directory: string, name: string] {
  const at = path.lastIndexOf('/');
  return at < 0 ? ['', path] : [path.slice(0, at), path.slice(at + 1)];
}

/** A mounted tree, with the calls of a file system. Every refusal is an {@link NfsStatusError}. */
export class Files {
  readonly session: Session;
  readonly root: Buffer;
  readonly owner: StateOwner;
  /** Who calls, where not the connection's own credential. */
  readonly credential: RpcAuth | undefined;

  constructor(session: Session, root: Buffer, options: { owner?: Uint8Array; credential?: RpcAuth } = {}) {
    this.session = session;
    this.root = root;
    this.owner = { clientId: session.client.clientId, owner: options.owner ?? randomBytes(OWNER_BYTES) };
    this.credential = options.credential;
  }

  /** Looks `path` up from the server's root. */
  static async mount(session: Session, path = '/', credential?: RpcAuth): Promise<Files> {
    const names = path.split('/').filter((name) => name !== '');
    const ops: ClientOp[] = [putrootfh(), ...names.map((name) => lookup(name)), getfh()];
    const values = await session.run(ops, credential === undefined ? {} : { credential });
    return new Files(session, values.at(-1) as Buffer, credential === undefined ? {} : { credential });
  }

  /** The same tree for another caller. */
  as(credential: RpcAuth): Files {
    return new Files(this.session, this.root, { owner: this.owner.owner, credential });
  }

  /** The same tree through another session. */
  through(session: Session): Files {
    return new Files(
      session,
      this.root,
      this.credential === undefined ? {} : { credential: this.credential },
    );
  }

  /** The operations that make `target` the current filehandle. */
  to(target: Target): ClientOp<void>[] {
    if (typeof target !== 'string') return [putfh(target)];
    const names = target.split('/').filter((name) => name !== '');
    return [putfh(this.root), ...names.map((name) => lookup(name))];
  }

  /** Runs these operations and yields the last one's value. */
  async last<Result>(
    ops: readonly ClientOp[],
    last: ClientOp<Result>,
    options: RequestOptions = {},
  ): Promise<Result> {
    const whole = this.credential === undefined ? options : { credential: this.credential, ...options };
    const values = await this.session.run([...ops, last], whole);
    return values.at(-1) as Result;
  }

  lookup(path: string): Promise<Buffer> {
    return this.last(this.to(path), getfh());
  }

  getattr(target: Target, attributes: readonly number[] = KNOWN_ATTRIBUTES): Promise<FileAttributes> {
    return this.last(this.to(target), getattr(attributes));
  }

  stat(target: Target): Promise<FileAttributes> {
    return this.getattr(target, STAT_ATTRIBUTES);
  }

  /** Yields the numbers of the attributes that were set. */
  setattr(
    target: Target,
    attributes: AttributeArgs,
    stateid: Stateid = ANONYMOUS_STATEID,
  ): Promise<number[]> {
    return this.last(this.to(target), setattr(stateid, attributes));
  }

  async access(target: Target, rights: number): Promise<number> {
    return (await this.last(this.to(target), access(rights))).access;
  }

  /** Makes what OPEN does not make; yields its handle. */
  create(path: string, type: CreateType, attributes: AttributeArgs = { mode: 0o755 }): Promise<Buffer> {
    const [directory, name] = splitPath(path);
    return this.last([...this.to(directory), create(type, name, attributes)], getfh());
  }

  mkdir(path: string, attributes?: AttributeArgs): Promise<Buffer> {
    return this.create(path, { type: FileType.DIRECTORY }, attributes);
  }

  symlink(target: Text, path: string): Promise<Buffer> {
    return this.create(path, { type: FileType.SYMLINK, target }, { mode: 0o777 });
  }

  async readlink(target: Target): Promise<string> {
    return (await this.last(this.to(target), readlink())).toString();
  }

  link(target: Target, path: string): Promise<ChangeInfo> {
    const [directory, name] = splitPath(path);
    return this.last([...this.to(target), savefh(), ...this.to(directory)], link(name));
  }

  rename(from: string, to: string): Promise<{ source: ChangeInfo; target: ChangeInfo }> {
    const [fromDirectory, fromName] = splitPath(from);
    const [toDirectory, toName] = splitPath(to);
    return this.last(
      [...this.to(fromDirectory), savefh(), ...this.to(toDirectory)],
      rename(fromName, toName),
    );
  }

  remove(path: string): Promise<ChangeInfo> {
    const [directory, name] = splitPath(path);
    return this.last(this.to(directory), remove(name));
  }

  /** Every entry, page by page. */
  async readdir(target: Target, args: ReaddirArgs = {}): Promise<DirectoryEntry[]> {
    const entries: DirectoryEntry[] = [];
    let { cookie = 0n, verifier } = args;
    for (;;) {
      const page = await this.last(
        this.to(target),
        readdir({ ...args, cookie, ...(verifier && { verifier }) }),
      );
      entries.push(...page.entries);
      if (page.eof) return entries;
      const last = page.entries.at(-1);
      if (last === undefined) throw new RangeError('READDIR answered neither an entry nor the end');
      cookie = last.cookie;
      verifier = page.verifier;
    }
  }

  async names(target: Target, args: ReaddirArgs = {}): Promise<string[]> {
    return (await this.readdir(target, args)).map((entry) => entry.name);
  }

  async open(path: string, options: OpenOptions = {}): Promise<OpenFile> {
    const [directory, name] = splitPath(path);
    return this.openWith(this.to(directory), { claim: OpenClaim.NULL, name }, options);
  }

  /** Opens by handle: CLAIM_FH, or CLAIM_PREVIOUS to reclaim after a restart. */
  openHandle(handle: Buffer, options: OpenOptions & { readonly reclaim?: boolean } = {}): Promise<OpenFile> {
    const claim = options.reclaim
      ? ({ claim: OpenClaim.PREVIOUS, delegation: 0 } as const)
      : ({ claim: OpenClaim.FH } as const);
    return this.openWith([putfh(handle)], claim, options);
  }

  async openWith(
    before: readonly ClientOp[],
    claim: Parameters<typeof open>[0]['claim'],
    options: OpenOptions,
  ): Promise<OpenFile> {
    const how = createHow(options);
    const owner = options.owner ?? this.owner;
    const args = {
      access: options.access ?? ShareAccess.READ,
      deny: options.deny ?? 0,
      owner,
      claim,
      ...(how && { create: how }),
    };
    const request = this.credential === undefined ? {} : { credential: this.credential };
    const values = await this.session.run([...before, open(args), getfh()], request);
    const opened = values.at(-2) as ReturnType<ReturnType<typeof open>['ok']>;
    return new OpenFile(this, values.at(-1) as Buffer, opened, owner);
  }

  /** Makes or replaces a file with this content. */
  async writeFile(path: string, data: Uint8Array | string, attributes: AttributeArgs = {}): Promise<Buffer> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    const file = await this.open(path, {
      access: ShareAccess.WRITE,
      create: 'unchecked',
      attributes: { mode: 0o644, size: 0, ...attributes },
    });
    for (let at = 0; at < bytes.length; at += WRITE_CHUNK) {
      await file.write(at, bytes.subarray(at, at + WRITE_CHUNK));
    }
    await file.close();
    return file.handle;
  }

  async readFile(path: string): Promise<Buffer> {
    const file = await this.open(path);
    const data = await file.readAll();
    await file.close();
    return data;
  }

  getXattr(target: Target, name: Text): Promise<Buffer> {
    return this.last(this.to(target), getxattr(name));
  }

  setXattr(target: Target, name: Text, value: Uint8Array | string, mode = 0): Promise<ChangeInfo> {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    return this.last(this.to(target), setxattr(name, bytes, mode));
  }

  removeXattr(target: Target, name: Text): Promise<ChangeInfo> {
    return this.last(this.to(target), removexattr(name));
  }

  /** Every name, page by page. */
  async listXattrs(target: Target, maxCount?: number): Promise<string[]> {
    const names: string[] = [];
    let cookie = 0n;
    for (;;) {
      const page = await this.last(this.to(target), listxattrs(cookie, maxCount));
      names.push(...page.names);
      if (page.eof) return names;
      cookie = page.cookie;
    }
  }
}
