import type { Export } from '../exports.ts';
import type { DelegationState } from './delegations.ts';
import { LockRanges, type LockWaiter } from './locks.ts';
import type { OpenState } from './opens.ts';

/** All state that concerns one file. It exists while there is any. */
export class FileState {
  readonly export: Export;
  readonly node: object;
  readonly opens = new Set<OpenState>();
  /** Those that are out. */
  readonly delegations = new Set<DelegationState>();
  #ranges: LockRanges | undefined;
  /** Who was refused a lock and asked to be told, first come first. */
  readonly waiters: LockWaiter[] = [];
  #key: string | undefined;

  constructor(target: Export, node: object) {
    this.export = target;
    this.node = node;
  }

  get ranges(): LockRanges {
    this.#ranges ??= new LockRanges();
    return this.#ranges;
  }

  get isLocked(): boolean {
    return this.#ranges !== undefined && this.#ranges.size > 0;
  }

  get key(): string {
    this.#key ??= fileKey(this.export, this.node);
    return this.#key;
  }
}

/** Tells a file by its handle, which stays the same however the file system represents it. */
function fileKey(target: Export, node: object): string {
  const handle = target.fileSystem.handle(node);
  return `${target.id}:${Buffer.from(handle.buffer, handle.byteOffset, handle.length).toString('latin1')}`;
}

/** Finds a file's state: by its node, or where the file system may have several for a file by its handle. */
export class Files {
  readonly #byKey = new Map<string, FileState>();
  readonly #byNode = new Map<object, FileState>();

  find(target: Export, node: object): FileState | undefined {
    const known = this.#byNode.get(node);
    if (known !== undefined && known.export.id === target.id) return known;
    return this.#byKey.size === 0 ? undefined : this.#byKey.get(fileKey(target, node));
  }

  /** Is the object the one that the state is of? */
  same(file: FileState, target: Export, node: object): boolean {
    if (file.node === node && file.export.id === target.id) return true;
    if (file.export.id !== target.id || target.fileSystem.abilities.uniqueNodes) return false;
    return fileKey(target, node) === file.key;
  }

  /** The file's state, made and retained where there was none. */
  obtain(target: Export, node: object): FileState {
    const found = this.find(target, node);
    if (found !== undefined) return found;
    const file = new FileState(target, node);
    // A file system that is shared twice has one node for what are two files here.
    if (!this.#byNode.has(node)) this.#byNode.set(node, file);
    if (!target.fileSystem.abilities.uniqueNodes || this.#byNode.get(node) !== file)
      this.#byKey.set(file.key, file);
    target.fileSystem.retain(node);
    return file;
  }

  /** Forgets a file without state. */
  settle(file: FileState): void {
    if (file.opens.size > 0 || file.isLocked || file.delegations.size > 0) return;
    const isKnown = this.#byNode.get(file.node) === file;
    if (!isKnown && this.#byKey.get(file.key) !== file) return;
    if (isKnown) this.#byNode.delete(file.node);
    if (this.#byKey.size > 0 && this.#byKey.get(file.key) === file) this.#byKey.delete(file.key);
    file.export.fileSystem.release(file.node);
  }
}
