import { type Attributes, FileType } from '../../src/vfs/index.ts';

export const BLOCK = 4096;
const DIRECTORY_SIZE = 4096;

/** What a directory knows of one of its entries. */
export interface MemoryEntry {
  readonly cookie: number;
  readonly node: MemoryNode;
}

/** One object of the memory file system: its live attributes, and its content by blocks, so that holes cost nothing. */
export class MemoryNode implements Attributes {
  readonly fileid: number;
  readonly type: FileType;
  readonly handle: Buffer;
  mode: number;
  nlink = 1;
  uid: number;
  gid: number;
  size = 0;
  change = 0;
  atimeSec = 0;
  atimeNsec = 0;
  mtimeSec = 0;
  mtimeNsec = 0;
  ctimeSec = 0;
  ctimeNsec = 0;
  btimeSec = 0;
  btimeNsec = 0;
  rdevMajor = 0;
  rdevMinor = 0;

  /** Of a directory: its names in the order of their cookies. */
  readonly entries = new Map<string, MemoryEntry>();
  parent: MemoryNode | undefined;
  target: Buffer | undefined;
  readonly blocks = new Map<number, Buffer>();
  readonly xattrs = new Map<string, Buffer>();
  /** OPENs that hold the content. */
  retained = 0;

  constructor(fileid: number, type: FileType, mode: number, uid: number, gid: number) {
    this.fileid = fileid;
    this.type = type;
    this.mode = mode;
    this.uid = uid;
    this.gid = gid;
    this.handle = Buffer.alloc(8);
    this.handle.writeBigUInt64BE(BigInt(fileid));
    if (type === FileType.DIRECTORY) {
      this.nlink = 2;
      this.size = DIRECTORY_SIZE;
    }
  }

  get used(): number {
    return this.type === FileType.REGULAR ? this.blocks.size * BLOCK : this.size;
  }

  read(offset: number, target: Buffer): number {
    const count = Math.max(0, Math.min(target.length, this.size - offset));
    for (let at = 0; at < count; ) {
      const within = (offset + at) % BLOCK;
      const step = Math.min(BLOCK - within, count - at);
      const block = this.blocks.get(Math.floor((offset + at) / BLOCK));
      if (block === undefined) target.fill(0, at, at + step);
      else block.copy(target, at, within, within + step);
      at += step;
    }
    return count;
  }

  write(offset: number, data: Buffer): void {
    for (let at = 0; at < data.length; ) {
      const index = Math.floor((offset + at) / BLOCK);
      const within = (offset + at) % BLOCK;
      const step = Math.min(BLOCK - within, data.length - at);
      let block = this.blocks.get(index);
      if (block === undefined) {
        block = Buffer.alloc(BLOCK);
        this.blocks.set(index, block);
      }
      data.copy(block, within, at, at + step);
      at += step;
    }
    if (data.length > 0) this.size = Math.max(this.size, offset + data.length);
  }

  /** Makes bytes `from` to `to` zero; whole blocks become holes. */
  punch(from: number, to: number): void {
    for (const [index, block] of this.blocks) {
      const start = index * BLOCK;
      const first = Math.max(from, start);
      const end = Math.min(to, start + BLOCK);
      if (first >= end) continue;
      if (end - first === BLOCK) this.blocks.delete(index);
      else block.fill(0, first - start, end - start);
    }
  }

  resize(size: number): void {
    if (size < this.size) this.punch(size, Number.MAX_SAFE_INTEGER);
    this.size = size;
  }
}
