import { type Hashed, hashOfText } from '../../hash-table.ts';
import type { Client } from './clients.ts';
import type { FileState } from './files.ts';
import type { LockState } from './locks.ts';
import type { Lasting } from './marks.ts';
import { nextSeqid, type StateEntry, StateKind } from './stateids.ts';

/** An owner's opens, one for each file. Most owners have one: it needs no Map. */
class OwnedOpens {
  #only: OpenState | undefined;
  #more: Map<FileState, OpenState> | undefined;

  get size(): number {
    if (this.#more !== undefined) return this.#more.size;
    return this.#only === undefined ? 0 : 1;
  }

  get(file: FileState): OpenState | undefined {
    if (this.#only !== undefined) return this.#only.file === file ? this.#only : undefined;
    return this.#more?.get(file);
  }

  add(open: OpenState): void {
    if (this.#more !== undefined) this.#more.set(open.file, open);
    else if (this.#only === undefined) this.#only = open;
    else {
      const first = this.#only;
      this.#only = undefined;
      this.#more = new Map([first, open].map((one) => [one.file, one]));
    }
  }

  delete(open: OpenState): void {
    if (this.#only === open) this.#only = undefined;
    else this.#more?.delete(open.file);
  }

  all(): OpenState[] {
    if (this.#only !== undefined) return [this.#only];
    return this.#more === undefined ? [] : [...this.#more.values()];
  }
}

/** An open-owner: whoever opens on the client's side, told apart by bytes of the client's choice (RFC 8881 §8.4... open_owner4). */
export class OpenOwner implements Hashed<OpenOwner> {
  readonly client: Client;
  readonly key: string;
  readonly hash: number;
  next: OpenOwner | undefined;
  readonly opens = new OwnedOpens();

  constructor(client: Client, key: string) {
    this.client = client;
    this.key = key;
    this.hash = hashOfText(key);
  }
}

/** Most opens never have any. */
const NO_LOCKS: ReadonlySet<LockState> = new Set();

/** One open of a file by one open-owner: what it may do, and what it denies others (RFC 8881 §9.7). */
export class OpenState implements Lasting, Hashed<StateEntry> {
  readonly kind = StateKind.OPEN;
  readonly number: number;
  seqid = 1;
  readonly client: Client;
  readonly owner: OpenOwner;
  readonly file: FileState;
  access: number;
  deny: number;
  /** Each combination opened so far, one bit for each value: what OPEN_DOWNGRADE may go back to (§18.18.3). */
  accessSeen: number;
  denySeen: number;
  closed = false;
  marked = false;
  nextMarked: Lasting | undefined;
  journaled = false;
  next: StateEntry | undefined;
  #locks: Set<LockState> | undefined;

  constructor(number: number, owner: OpenOwner, file: FileState, access: number, deny: number) {
    this.number = number;
    this.client = owner.client;
    this.owner = owner;
    this.file = file;
    this.access = access;
    this.deny = deny;
    this.accessSeen = 1 << access;
    this.denySeen = 1 << deny;
  }

  get hash(): number {
    return this.number;
  }

  get locks(): ReadonlySet<LockState> {
    return this.#locks ?? NO_LOCKS;
  }

  addLocks(state: LockState): void {
    this.#locks ??= new Set();
    this.#locks.add(state);
  }

  dropLocks(state: LockState): void {
    this.#locks?.delete(state);
  }

  /** The same owner opened the file again. */
  upgrade(access: number, deny: number): void {
    this.access |= access;
    this.deny |= deny;
    this.accessSeen |= 1 << access;
    this.denySeen |= 1 << deny;
    this.seqid = nextSeqid(this.seqid);
  }

  /** False where that was never opened. */
  downgrade(access: number, deny: number): boolean {
    if ((access & ~this.access) !== 0 || (deny & ~this.deny) !== 0) return false;
    if (!reachable(this.accessSeen, access) || !reachable(this.denySeen, deny)) return false;
    this.access = access;
    this.deny = deny;
    this.accessSeen = kept(this.accessSeen, access);
    this.denySeen = kept(this.denySeen, deny);
    this.seqid = nextSeqid(this.seqid);
    return true;
  }
}

/** Is `wanted` the union of some combinations seen? */
function reachable(seen: number, wanted: number): boolean {
  let union = 0;
  for (let value = 0; value <= wanted; value++) {
    if ((seen & (1 << value)) !== 0 && (value & ~wanted) === 0) union |= value;
  }
  return union === wanted;
}

/** The combinations within `wanted` stay, and `wanted` itself. */
function kept(seen: number, wanted: number): number {
  let left = 1 << wanted;
  for (let value = 0; value <= wanted; value++) {
    if ((seen & (1 << value)) !== 0 && (value & ~wanted) === 0) left |= 1 << value;
  }
  return left;
}
