import { LockType, Status, UINT64_MAX } from '../nfs4/constants/index.ts';
import type { Stateid } from '../nfs4/stateid.ts';
import type { Hyper, StateOwner } from './codec.ts';
import type { ClientOp } from './compound.ts';
import { NfsStatusError } from './errors.ts';
import type { Files, OpenOptions } from './files.ts';
import {
  allocate,
  clone,
  close,
  commit,
  copy,
  DataContent,
  type Delegation,
  deallocate,
  type LockDenied,
  lock,
  lockt,
  locku,
  openDowngrade,
  putfh,
  type ReadPlusSegment,
  read,
  readPlus,
  savefh,
  seek,
  write,
} from './ops/index.ts';

const READ_CHUNK = 256 * 1024;

export interface LockOptions {
  /** LockType; WRITE where absent. */
  readonly type?: number;
  readonly offset?: Hyper;
  /** To the end of the file where absent. */
  readonly length?: Hyper;
  /** The open's own owner where absent. */
  readonly owner?: StateOwner;
  readonly reclaim?: boolean;
}

/** A file that is open, with its stateids. */
export class OpenFile {
  readonly files: Files;
  readonly handle: Buffer;
  readonly owner: StateOwner;
  readonly delegation: Delegation;
  readonly flags: number;
  /** The attributes that its creation set. */
  readonly set: readonly number[];
  stateid: Stateid;
  /** Lock stateids, by owner in hex. */
  readonly lockStateids = new Map<string, Stateid>();

  constructor(
    files: Files,
    handle: Buffer,
    opened: {
      readonly stateid: Stateid;
      readonly flags: number;
      readonly set: readonly number[];
      readonly delegation: Delegation;
    },
    owner: StateOwner,
  ) {
    this.files = files;
    this.handle = handle;
    this.owner = owner;
    this.stateid = opened.stateid;
    this.flags = opened.flags;
    this.set = opened.set;
    this.delegation = opened.delegation;
  }

  #here<Result>(op: ClientOp<Result>): Promise<Result> {
    return this.files.last([putfh(this.handle)], op);
  }

  read(
    offset: Hyper,
    count: number,
    stateid: Stateid = this.stateid,
  ): Promise<{ eof: boolean; data: Buffer }> {
    return this.#here(read(stateid, offset, count));
  }

  async readAll(): Promise<Buffer> {
    const parts: Buffer[] = [];
    let at = 0;
    for (;;) {
      const { eof, data } = await this.read(at, READ_CHUNK);
      parts.push(data);
      at += data.length;
      if (eof) return Buffer.concat(parts);
    }
  }

  write(
    offset: Hyper,
    data: Uint8Array | string,
    stability?: number,
    stateid: Stateid = this.stateid,
  ): Promise<{ count: number; committed: number; verifier: Buffer }> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    return this.#here(write(stateid, offset, bytes, stability));
  }

  commit(offset: Hyper = 0, count = 0): Promise<Buffer> {
    return this.#here(commit(offset, count));
  }

  async close(): Promise<void> {
    this.stateid = await this.#here(close(this.stateid));
  }

  async downgrade(access: number, deny = 0): Promise<void> {
    this.stateid = await this.#here(openDowngrade(this.stateid, access, deny));
  }

  /** Opens it once more for the same owner: the share becomes the union. */
  async upgrade(options: OpenOptions): Promise<void> {
    const again = await this.files.openHandle(this.handle, { ...options, owner: this.owner });
    this.stateid = again.stateid;
  }

  truncate(size: Hyper): Promise<number[]> {
    return this.files.setattr(this.handle, { size }, this.stateid);
  }

  /** Locks a range: NFS4ERR_DENIED carries the conflicting lock as `body`. */
  async lock(options: LockOptions = {}): Promise<Stateid> {
    const owner = options.owner ?? this.owner;
    const key = Buffer.from(owner.owner).toString('hex');
    const known = this.lockStateids.get(key);
    const stateid = await this.#here(
      lock({
        type: options.type ?? LockType.WRITE,
        reclaim: options.reclaim ?? false,
        offset: options.offset ?? 0,
        length: options.length ?? UINT64_MAX,
        locker: known === undefined ? { openStateid: this.stateid, owner } : { lockStateid: known },
      }),
    );
    this.lockStateids.set(key, stateid);
    return stateid;
  }

  async unlock(options: LockOptions = {}): Promise<void> {
    const key = Buffer.from((options.owner ?? this.owner).owner).toString('hex');
    const stateid = this.lockStateids.get(key);
    if (stateid === undefined) throw new RangeError('no lock of this owner');
    const { type = LockType.WRITE, offset = 0, length = UINT64_MAX } = options;
    this.lockStateids.set(key, await this.#here(locku(stateid, type, offset, length)));
  }

  /** The lock in the way, or undefined. */
  async testLock(options: LockOptions = {}): Promise<LockDenied | undefined> {
    const { type = LockType.WRITE, offset = 0, length = UINT64_MAX, owner = this.owner } = options;
    try {
      await this.#here(lockt(type, offset, length, owner));
      return undefined;
    } catch (error) {
      if (error instanceof NfsStatusError && error.status === Status.DENIED) return error.body as LockDenied;
      throw error;
    }
  }

  seek(offset: Hyper, what: 'data' | 'hole'): Promise<{ eof: boolean; offset: bigint }> {
    return this.#here(seek(this.stateid, offset, what === 'data' ? DataContent.DATA : DataContent.HOLE));
  }

  allocate(offset: Hyper, length: Hyper): Promise<void> {
    return this.#here(allocate(this.stateid, offset, length));
  }

  deallocate(offset: Hyper, length: Hyper): Promise<void> {
    return this.#here(deallocate(this.stateid, offset, length));
  }

  readPlus(offset: Hyper, count: number): Promise<{ eof: boolean; segments: ReadPlusSegment[] }> {
    return this.#here(readPlus(this.stateid, offset, count));
  }

  /** COPY within the server, to its end where `count` is 0; yields the count of bytes. */
  async copyTo(to: OpenFile, range: { from?: Hyper; to?: Hyper; count?: Hyper } = {}): Promise<bigint> {
    const result = await this.files.last(
      [putfh(this.handle), savefh(), putfh(to.handle)],
      copy({
        from: this.stateid,
        to: to.stateid,
        fromOffset: range.from ?? 0,
        toOffset: range.to ?? 0,
        count: range.count ?? 0,
      }),
    );
    return result.response.count;
  }

  async cloneTo(to: OpenFile, range: { from?: Hyper; to?: Hyper; count?: Hyper } = {}): Promise<void> {
    await this.files.last(
      [putfh(this.handle), savefh(), putfh(to.handle)],
      clone({
        from: this.stateid,
        to: to.stateid,
        fromOffset: range.from ?? 0,
        toOffset: range.to ?? 0,
        count: range.count ?? 0,
      }),
    );
  }
}
