import {
  type Credentials,
  type ExtendedAttributes,
  FsError,
  ModeBit,
  Permission,
  requirePermission,
  XattrMode,
} from '@dfs/nfs';
import { type Core, changed, requireAlive } from './core.ts';
import type { Inode } from './inode.ts';
import { parseKeyText } from './keys.ts';

const PAGE = 64;

/** User extended attributes (RFC 8276), of files and directories as Linux has it. */
export class XattrShare implements ExtendedAttributes<Inode> {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  get(inode: Inode, cred: Credentials, name: string, limit: number): Buffer {
    this.#requireReadable(inode, cred);
    const value = this.#find(inode, name);
    if (value === undefined) throw new FsError('ENODATA');
    if (value.length > limit) throw new FsError('E2BIG');
    return Buffer.from(value);
  }

  set(inode: Inode, cred: Credentials, name: string, value: Buffer, mode: XattrMode): void {
    this.#requireWritable(inode, cred);
    const core = this.#core;
    const { maxXattrName, maxXattrValue, maxXattrTotal } = core.limits;
    const nameBytes = Buffer.byteLength(name);
    if (nameBytes === 0) throw new FsError('EINVAL');
    if (nameBytes > maxXattrName) throw new FsError('ENAMETOOLONG');
    if (value.length > maxXattrValue) throw new FsError('E2BIG');
    const before = this.#find(inode, name)?.length;
    if (mode === XattrMode.CREATE && before !== undefined) throw new FsError('EEXIST');
    if (mode === XattrMode.REPLACE && before === undefined) throw new FsError('ENODATA');
    const total =
      inode.xattrBytes + value.length + nameBytes - (before === undefined ? 0 : before + nameBytes);
    if (total > maxXattrTotal) throw new FsError('ENOSPC');
    core.usage.requireBytes(total - inode.xattrBytes);
    core.log.put(core.keys.xattr(inode.numberKey, name), Buffer.from(value));
    this.#changed(inode, total);
  }

  list(inode: Inode, cred: Credentials): readonly string[] {
    this.#requireReadable(inode, cred);
    const names: string[] = [];
    if (inode.xattrBytes === 0) return names;
    for (let from = ''; ; ) {
      const { start, end, nameAt } = this.#core.keys.xattrs(inode.numberKey, from);
      const page = this.#core.log.scan(start, end, PAGE);
      for (const { key } of page) names.push(parseKeyText(key, nameAt));
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return names;
      from = `${last.key.slice(nameAt)}\x00`;
    }
  }

  remove(inode: Inode, cred: Credentials, name: string): void {
    this.#requireWritable(inode, cred, true);
    const core = this.#core;
    const before = this.#find(inode, name)?.length;
    if (before === undefined) throw new FsError('ENODATA');
    core.log.delete(core.keys.xattr(inode.numberKey, name));
    this.#changed(inode, inode.xattrBytes - before - Buffer.byteLength(name));
  }

  /** Good until the next call into the log. */
  #find(inode: Inode, name: string): Buffer | undefined {
    if (inode.xattrBytes === 0 || Buffer.byteLength(name) > this.#core.limits.maxXattrName) return undefined;
    return this.#core.log.get(this.#core.keys.xattr(inode.numberKey, name));
  }

  #changed(inode: Inode, total: number): void {
    this.#core.usage.add(total - inode.xattrBytes);
    inode.xattrBytes = total;
    changed(this.#core, inode, this.#core.now());
    this.#core.log.urge();
  }

  #requireReadable(inode: Inode, cred: Credentials): void {
    this.#core.guard.check();
    requireAlive(inode);
    requirePermission(inode, cred, Permission.READ);
  }

  #requireWritable(inode: Inode, cred: Credentials, frees = false): void {
    this.#core.guard.checkChange(frees);
    requireAlive(inode);
    if (!inode.isFile && !inode.isDirectory) throw new FsError('EPERM');
    requirePermission(inode, cred, Permission.WRITE);
    const isOwner = cred.uid === 0 || cred.uid === inode.uid;
    if (inode.isDirectory && (inode.mode & ModeBit.STICKY) !== 0 && !isOwner) throw new FsError('EPERM');
  }
}
