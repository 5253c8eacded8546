import type { Limits } from '../../limits.ts';
import { Status } from '../constants/index.ts';
import { NfsError } from '../errors.ts';
import type { Export } from '../exports.ts';
import type { Client } from './clients.ts';
import type { FileState, Files } from './files.ts';
import type { Marks } from './marks.ts';
import { OpenOwner, OpenState } from './opens.ts';
import type { Stateids } from './stateids.ts';

/** Opens and their share reservations (RFC 8881 §9.7). */
export class OpenTable {
  readonly #files: Files;
  readonly #stateids: Stateids;
  readonly #limits: Limits;
  readonly #marks: Marks;
  #count = 0;

  constructor(files: Files, stateids: Stateids, limits: Limits, marks: Marks) {
    this.#marks = marks;
    this.#files = files;
    this.#stateids = stateids;
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  owner(client: Client, key: string): OpenOwner {
    return client.openOwners.get(key) ?? new OpenOwner(client, key);
  }

  /** The first open that such an open would conflict with. The owner's own open counts too: it may not break its own denial. */
  conflict(
    file: FileState | undefined,
    access: number,
    deny: number,
    except?: OpenState,
  ): OpenState | undefined {
    if (file === undefined) return undefined;
    const conflicts = (open: OpenState) => (open.deny & access) !== 0 || (open.access & deny) !== 0;
    return file.opens.find((open) => open !== except && conflicts(open));
  }

  /** Opens, or adds to the owner's open of the same file. Conflicts have been ruled out. */
  open(
    client: Client,
    ownerKey: string,
    target: Export,
    node: object,
    access: number,
    deny: number,
  ): OpenState {
    // The OPEN had to wait, and its client has ended meanwhile: nothing would ever take the state away again.
    if (client.removed) throw new NfsError(Status.DEADSESSION);
    const owner = this.owner(client, ownerKey);
    const file = this.#files.obtain(target, node);
    const existing = owner.opens.get(file);
    if (existing !== undefined) {
      existing.upgrade(access, deny);
      this.#marks.touch(existing);
      return existing;
    }
    if (
      client.opens >= this.#limits.maxOpensPerClient ||
      client.openOwners.size >= this.#limits.maxOwnersPerClient
    ) {
      this.#files.settle(file);
      throw new NfsError(Status.DELAY);
    }
    const open = new OpenState(this.#stateids.allocate(), owner, file, access, deny);
    this.#marks.touch(open);
    return this.restore(open);
  }

  /** Enters an open, a new one or one of an earlier run. */
  restore(open: OpenState): OpenState {
    const { client, owner, file } = open;
    this.#stateids.add(open);
    if (owner.opens.size === 0) client.openOwners.add(owner);
    owner.opens.add(open);
    file.opens.add(open);
    client.opens++;
    this.#count++;
    return open;
  }

  /** Ends an open. Its locks must be gone. */
  close(open: OpenState): void {
    open.closed = true;
    this.#marks.touch(open);
    this.#stateids.delete(open);
    open.file.opens.delete(open);
    open.owner.opens.delete(open);
    if (open.owner.opens.size === 0) open.client.openOwners.remove(open.owner);
    open.client.opens--;
    this.#count--;
    this.#files.settle(open.file);
  }
}
