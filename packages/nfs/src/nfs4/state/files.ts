import { type Hashed, HashTable, hashOfBytes } from '../../hash-table.ts';
import type { Export } from '../exports.ts';
import type { DelegationState } from './delegations.ts';
import { Few } from './few.ts';
import { LockRanges, type LockWaiter } from './locks.ts';
import type { OpenState } from './opens.ts';

/** All state that concerns one file. It exists while there is any. */
export class FileState implements Hashed<FileState> {
  readonly export: Export;
  readonly node: object;
  readonly opens = new Few<OpenState>();
  /** Those that are out. */
  readonly delegations = new Few<DelegationState>();
  #ranges: LockRanges | undefined;
  /** Who was refused a lock and asked to be told, first come first: each through one of the opens. */
  readonly waiters: LockWaiter[] = [];
  #key: string | undefined;
  readonly hash: number;
  next: FileState | undefined;

  /** `hash` is of share and handle, where it is to be found by {@link Files}. */
  constructor(target: Export, node: object, hash = 0) {
    this.export = target;
    this.node = node;
    this.hash = hash;
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

/** Files by their handles, which stay the same however the file system represents them. */
export class Files {
  readonly #files = new HashTable<FileState>();
  /** An OPEN asks several times for the same one. */
  #hashed: object | undefined;
  #hashedIn: Export | undefined;
  #hash = 0;

  find(target: Export, node: object): FileState | undefined {
    if (this.#files.size === 0) return undefined;
    return this.#at(this.#hashOf(target, node), target, node);
  }

  #at(hash: number, target: Export, node: object): FileState | undefined {
    let file = this.#files.first(hash);
    while (file !== undefined && !this.same(file, target, node)) file = file.next;
    return file;
  }

  /** Is the object the one that the state is of? */
  same(file: FileState, target: Export, node: object): boolean {
    // A file system that is shared twice has one node for what are two files here.
    if (file.export.id !== target.id) return false;
    if (file.node === node) return true;
    return !target.fileSystem.abilities.uniqueNodes && fileKey(target, node) === file.key;
  }

  /** The file's state, made and retained where there was none. */
  obtain(target: Export, node: object): FileState {
    const hash = this.#hashOf(target, node);
    const found = this.#at(hash, target, node);
    if (found !== undefined) return found;
    const file = new FileState(target, node, hash);
    this.#files.add(file);
    target.fileSystem.retain(node);
    return file;
  }

  /** Forgets a file without state. */
  settle(file: FileState): void {
    if (file.opens.size > 0 || file.isLocked || file.delegations.size > 0) return;
    if (this.#files.remove(file)) file.export.fileSystem.release(file.node);
  }

  /** By share and handle. */
  #hashOf(target: Export, node: object): number {
    if (this.#hashed === node && this.#hashedIn === target) return this.#hash;
    this.#hash = hashOfBytes(target.fileSystem.handle(node), target.id);
    this.#hashed = node;
    this.#hashedIn = target;
    return this.#hash;
  }
}
