import type { Export } from '../exports.ts';
import type { DelegationState } from './delegations.ts';
import type { LockRange, LockWaiter } from './locks.ts';
import type { OpenState } from './opens.ts';

/** All state that concerns one file. It exists while there is any. */
export class FileState {
  readonly key: string;
  readonly export: Export;
  readonly node: object;
  readonly opens = new Set<OpenState>();
  /** Those that are out. */
  readonly delegations = new Set<DelegationState>();
  readonly ranges: LockRange[] = [];
  /** Who was refused a lock and asked to be told, first come first. */
  readonly waiters: LockWaiter[] = [];

  constructor(key: string, target: Export, node: object) {
    this.key = key;
    this.export = target;
    this.node = node;
  }
}

/** Finds a file's state by its handle, which stays the same however the file system represents it. */
export class Files {
  readonly #files = new Map<string, FileState>();

  key(target: Export, node: object): string {
    const handle = target.fileSystem.handle(node);
    return `${target.id}:${Buffer.from(handle.buffer, handle.byteOffset, handle.length).toString('latin1')}`;
  }

  find(target: Export, node: object): FileState | undefined {
    return this.#files.size === 0 ? undefined : this.#files.get(this.key(target, node));
  }

  /** The file's state, made and retained where there was none. */
  obtain(target: Export, node: object): FileState {
    const key = this.key(target, node);
    let file = this.#files.get(key);
    if (file === undefined) {
      file = new FileState(key, target, node);
      this.#files.set(key, file);
      target.fileSystem.retain(node);
    }
    return file;
  }

  /** Forgets a file without state. */
  settle(file: FileState): void {
    if (file.opens.size > 0 || file.ranges.length > 0 || file.delegations.size > 0) return;
    if (this.#files.get(file.key) !== file) return;
    this.#files.delete(file.key);
    file.export.fileSystem.release(file.node);
  }
}
