import type { Attributes, Awaitable, SpaceUsage } from '../../vfs/index.ts';
import type { Bitmap } from '../attributes/bitmap.ts';
import { writeAttributeError, writeAttributes } from '../attributes/encode.ts';
import { type Plan, spaceFor, tableOf } from '../attributes/table.ts';
import type { Compound } from '../compound.ts';
import { Status, VERIFIER_SIZE } from '../constants/index.ts';
import { statusOf } from '../errors.ts';
import { crossIfAdmitted, junctionsBelow, type Place } from '../junction.ts';
import type { PseudoDirectory } from '../pseudo.ts';

/** Behind the last entry: no more of them, and eof. */
const END_BYTES = 8;
export const EMPTY_LISTING_BYTES = VERIFIER_SIZE + END_BYTES;
/** More, cookie, length of the name, an empty bitmap and an empty list: an entry has more than that. */
const ENTRY_BYTES = 4 + 8 + 4 + 4 + 4;
/** Cookie and length of the name: what dircount counts beside the name itself. */
const DIRCOUNT_BYTES = 8 + 4;
const NAME_AT = 4 + 8 + 4;

const padded = (bytes: number): number => (bytes + 3) & ~3;

/** An entry as it is to be written. */
interface Entry {
  readonly name: string;
  readonly cookie: number;
  readonly place: Place;
  readonly plan: Plan;
}

/** An entry that something has to be waited for. */
interface Pending extends Entry {
  /** Asked for already, so that all are under way at once. */
  readonly attributes: Promise<Attributes> | undefined;
}

/**
 * One READDIR's entries. They go straight into the reply while their attributes are there at once; from the first that has to be waited
 * for on, they are collected and written when the file system is done.
 */
export class Listing {
  readonly #c: Compound;
  readonly #asked: Bitmap;
  readonly #plan: Plan;
  readonly #space: SpaceUsage | undefined;
  readonly #end: number;
  readonly #dirCount: number;
  readonly #junctions: ReadonlyMap<string, PseudoDirectory> | undefined;
  readonly #pending: Pending[] = [];
  #pendingBytes = 0;
  #dirBytes = 0;
  #entries = 0;
  #failure: unknown;
  #full = false;

  /** `most` bytes for all of READDIR4resok; `dirCount` for names and cookies alone, 0 for no such bound. */
  constructor(c: Compound, plan: Plan, space: SpaceUsage | undefined, most: number, dirCount: number) {
    this.#c = c;
    this.#plan = plan;
    this.#asked = plan.asked;
    this.#space = space;
    this.#end = c.out.position + most - END_BYTES;
    this.#dirCount = dirCount;
    this.#junctions = junctionsBelow(c.here, c.object);
    c.out.u64(0);
  }

  /** Has the file system hand over entries from behind `cookie`; resolves to true at the end of the directory. */
  entries(cookie: number): Awaitable<boolean> {
    const { fs, object, cred } = this.#c;
    // Where shares are mounted below, entries may have to wait for those.
    return this.#junctions === undefined && fs.readdirGlance !== undefined
      ? fs.readdirGlance(object, cred, cookie, this.#take)
      : fs.readdir(object, cred, cookie, this.#take);
  }

  /** The sink that the file system hands entries to. */
  readonly #take = (name: string, cookie: number, node: object): boolean => {
    if (this.#full) return false;
    if (this.#junctions === undefined && this.#pending.length === 0)
      return this.#takePlain(name, cookie, node);
    if (!this.#countName(name)) return this.#stop();
    const place = this.#placeOf(name, node);
    const entry: Entry = {
      name,
      cookie,
      place,
      plan: tableOf(place.target, this.#c.minor).plan(this.#asked),
    };
    try {
      const attributes = place.target.fileSystem.attributes(place.node);
      if (attributes instanceof Promise) return this.#collect(entry, attributes);
      const needsWait = this.#pending.length > 0 || (place.target !== this.#c.here && entry.plan.needsSpace);
      if (needsWait) return this.#collect(entry, undefined);
      return this.#write(entry, attributes, this.#space);
    } catch (error) {
      // Not thrown through the file system, which may be in the midst of something.
      return this.#writeError(entry, error);
    }
  };

  /** An entry of a directory that no share lies below, its attributes most likely at hand. */
  #takePlain(name: string, cookie: number, node: object): boolean {
    const c = this.#c;
    const { here, out } = c;
    let attributes: Awaitable<Attributes>;
    try {
      attributes = here.fileSystem.attributes(node);
    } catch (error) {
      if (!this.#countName(name)) return this.#stop();
      return this.#writeError(this.#plainEntry(name, cookie, node), error);
    }
    if (attributes instanceof Promise) {
      if (!this.#countName(name)) return this.#stop();
      return this.#collect(this.#plainEntry(name, cookie, node), attributes);
    }
    const at = out.position;
    out.u32(1).u64(cookie).string(name);
    // More, cookie and length come before the name.
    if (!this.#countBytes(out.position - at - NAME_AT)) {
      out.truncate(at);
      return this.#stop();
    }
    writeAttributes(out, c, here, node, this.#plan, attributes, this.#space);
    return this.#keep(at);
  }

  #plainEntry(name: string, cookie: number, node: object): Entry {
    return { name, cookie, place: { target: this.#c.here, node }, plan: this.#plan };
  }

  /** Writes what was collected, and the end. `none` is the answer where not one entry fits. */
  finish(eof: boolean, none: Status): Awaitable<Status> {
    if (this.#pending.length === 0) return this.#complete(eof, none);
    return this.#drain().then(() => this.#complete(eof, none));
  }

  #complete(eof: boolean, none: Status): Status {
    const all = eof && !this.#full;
    if (this.#entries === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      if (!all) return none;
    }
    this.#c.out.u32(0).bool(all);
    return Status.OK;
  }

  async #drain(): Promise<void> {
    for (const entry of this.#pending) if (!(await this.#writePending(entry))) return;
  }

  async #writePending(entry: Pending): Promise<boolean> {
    const { target, node } = entry.place;
    try {
      const space = target === this.#c.here ? this.#space : await spaceFor(this.#c, entry.plan, target);
      const attributes = entry.attributes ?? target.fileSystem.attributes(node);
      return this.#write(entry, attributes instanceof Promise ? await attributes : attributes, space);
    } catch (error) {
      return this.#writeError(entry, error);
    }
  }

  /** The first entry is taken whatever its name: dircount is a hint. */
  #countName(name: string): boolean {
    return this.#dirCount === 0 || this.#countBytes(padded(Buffer.byteLength(name)));
  }

  #countBytes(name: number): boolean {
    if (this.#dirCount === 0) return true;
    this.#dirBytes += DIRCOUNT_BYTES + name;
    return this.#dirBytes <= this.#dirCount || this.#entries + this.#pending.length === 0;
  }

  #placeOf(name: string, node: object): Place {
    const junction = this.#junctions?.get(name);
    return junction === undefined ? { target: this.#c.here, node } : crossIfAdmitted(this.#c, junction);
  }

  /** Takes no more, whatever the file system goes on to offer. */
  #stop(): false {
    this.#full = true;
    return false;
  }

  /** Keeps an entry for later, as long as all kept can possibly fit. */
  #collect(entry: Entry, attributes: Promise<Attributes> | undefined): boolean {
    // Never looked at where the reply is full before: its refusal is nobody's concern then.
    attributes?.catch(() => {});
    this.#pendingBytes += ENTRY_BYTES + padded(Buffer.byteLength(entry.name));
    if (this.#pending.length > 0 && this.#c.out.position + this.#pendingBytes > this.#end)
      return this.#stop();
    this.#pending.push({ ...entry, attributes });
    return true;
  }

  #write(entry: Entry, attributes: Attributes, space: SpaceUsage | undefined): boolean {
    const { out } = this.#c;
    const { target, node } = entry.place;
    const at = out.position;
    out.u32(1).u64(entry.cookie).string(entry.name);
    writeAttributes(out, this.#c, target, node, entry.plan, attributes, space);
    return this.#keep(at);
  }

  /** The client may have asked for the reason that an entry has no attributes; else the whole READDIR fails with it. */
  #writeError(entry: Entry, error: unknown): boolean {
    const status = statusOf(error);
    if (status === undefined || !entry.plan.wantsError) {
      this.#failure = error;
      return this.#stop();
    }
    const { out } = this.#c;
    const at = out.position;
    out.u32(1).u64(entry.cookie).string(entry.name);
    writeAttributeError(out, status);
    return this.#keep(at);
  }

  /** Takes back the entry that was written from `at` on, where it does not fit. */
  #keep(at: number): boolean {
    const { out } = this.#c;
    if (out.position > this.#end) {
      out.truncate(at);
      return this.#stop();
    }
    this.#entries++;
    return true;
  }
}
