import type { NameService } from '../server.ts';
import { Status } from './constants/index.ts';
import { NfsError } from './errors.ts';

const NUMBER = /^(0|[1-9][0-9]{0,9})$/;
const MAX_ID = 0xfffffffe;
const CACHE_LIMIT = 10_000;
/** Ids that are found without the map, one for each remainder. */
const NEAR = 64;

/**
 * Owner and owner_group strings. Sent as plain numbers, which every client with AUTH_SYS understands (RFC 8881 §5.9); taken as numbers
 * or as name@domain.
 */
export class Owners {
  readonly #domain: string;
  readonly #names: NameService | undefined;
  readonly #encoded = new Map<number, Buffer>();
  readonly #nearIds: number[] = new Array<number>(NEAR).fill(-1);
  readonly #near: Buffer[] = new Array<Buffer>(NEAR).fill(Buffer.alloc(0));

  constructor(domain: string, names: NameService | undefined) {
    this.#domain = domain.toLowerCase();
    this.#names = names;
  }

  /** The wire form of an id. */
  encode(id: number): Buffer {
    const place = id % NEAR;
    if (this.#nearIds[place] === id) return this.#near[place] as Buffer;
    const bytes = this.#find(id);
    this.#nearIds[place] = id;
    this.#near[place] = bytes;
    return bytes;
  }

  #find(id: number): Buffer {
    const known = this.#encoded.get(id);
    if (known !== undefined) return known;
    if (this.#encoded.size >= CACHE_LIMIT) this.#encoded.clear();
    const bytes = Buffer.from(String(id));
    this.#encoded.set(id, bytes);
    return bytes;
  }

  uid(text: string): number {
    return this.#id(text, (name) => this.#names?.uidOf(name));
  }

  gid(text: string): number {
    return this.#id(text, (name) => this.#names?.gidOf(name));
  }

  #id(text: string, lookup: (name: string) => number | undefined): number {
    const at = text.lastIndexOf('@');
    const name = at < 0 ? text : text.slice(0, at);
    if (at >= 0 && text.slice(at + 1).toLowerCase() !== this.#domain) throw new NfsError(Status.BADOWNER);
    if (NUMBER.test(name)) {
      const id = Number(name);
      if (id > MAX_ID) throw new NfsError(Status.BADOWNER);
      return id;
    }
    const id = at < 0 ? undefined : (lookup(name) ?? (name === 'root' ? 0 : undefined));
    if (id === undefined) throw new NfsError(Status.BADOWNER);
    return id;
  }
}
