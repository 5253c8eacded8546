import type { AttributeChanges, Attributes, Awaitable } from '../../vfs/index.ts';
import { FileType, FsError } from '../../vfs/index.ts';
import { after } from '../after.ts';
import { type Bitmap, bitmapOf, EMPTY_BITMAP, isEmpty, union, without } from '../attributes/bitmap.ts';
import { EXCLUSIVE_CREATE_ATTRIBUTES } from '../attributes/supported.ts';
import { requireReadableFile } from '../checks.ts';
import type { Compound } from '../compound.ts';
import { Attr, CreateMode, OpenClaim, ShareAccess, ShareDeny, Status } from '../constants/index.ts';
import { withoutDelegations } from '../delegation-conflict.ts';
import { NfsError } from '../errors.ts';
import { clientOf } from '../io-access.ts';
import type { Creation, OpenArguments } from './open-arguments.ts';

/** What became of the file on the way to its open. */
export interface Opened {
  /** The file system changed: a file was made or cut. */
  readonly changed: boolean;
  /** change_info4 of the directory. */
  readonly atomic: boolean;
  readonly before: number;
  readonly after: number;
  readonly attributesSet: Bitmap;
}

/** Where an exclusive create keeps its verifier; told to the client, which then sets the times itself (§18.16.3). */
const VERIFIER_ATTRIBUTES = bitmapOf([Attr.TIME_ACCESS, Attr.TIME_MODIFY]);
/** How often a name may appear and vanish between two looks before the client is told to come again. */
const MAX_RACES = 3;

/** SHARE_DENIED unless the open agrees with all others; an expired client's are dropped for it. */
export function requireShare(c: Compound, args: OpenArguments, node: object): void {
  const { state } = c.engine;
  for (;;) {
    const file = state.files.find(c.here, node);
    if (file === undefined) return;
    const mine = clientOf(c).openOwners.get(args.ownerKey)?.opens.get(file);
    const conflict = state.opens.conflict(file, args.access, args.deny, mine);
    if (conflict === undefined) return;
    if (!state.yields(conflict.client)) throw new NfsError(Status.SHARE_DENIED);
  }
}

/** An open by filehandle: the current object is the file. */
export function openCurrent(c: Compound, args: OpenArguments): Awaitable<Opened> {
  return after(c.glance(), (attributes) => {
    requireReadableFile(attributes);
    if ((args.access & ShareAccess.WRITE) !== 0) c.requireWritable();
    const reclaim = args.claim === OpenClaim.PREVIOUS;
    // What is reclaimed was permitted before the restart, whatever the mode says since.
    const permitted = reclaim ? undefined : mayOpen(c, args, c.object);
    return after(permitted, () => after(withoutOthers(c, args, c.object), () => unchanged(0)));
  });
}

/** An open by name in the current directory, which becomes the file. */
export function openNamed(c: Compound, args: OpenArguments, name: string): Awaitable<Opened> {
  const dir = c.object;
  if (args.creation !== undefined || (args.access & ShareAccess.WRITE) !== 0) c.requireWritable();
  return after(c.glance(), (attributes) => {
    if (attributes.type === FileType.SYMLINK) throw new NfsError(Status.SYMLINK);
    if (attributes.type !== FileType.DIRECTORY) throw new NfsError(Status.NOTDIR);
    return find(c, args, dir, name, attributes.change, MAX_RACES);
  });
}

function find(
  c: Compound,
  args: OpenArguments,
  dir: object,
  name: string,
  before: number,
  tries: number,
): Awaitable<Opened> {
  if (tries === 0) throw new NfsError(Status.DELAY);
  return after(lookup(c, dir, name), (node) => {
    const { creation } = args;
    if (node !== undefined) return openExisting(c, args, node, before);
    if (creation === undefined) throw new NfsError(Status.NOENT);
    return create(c, args, creation, dir, name, before, tries);
  });
}

/** The entry's object, undefined where there is none. */
function lookup(c: Compound, dir: object, name: string): Awaitable<object | undefined> {
  if (c.fs.find !== undefined) return c.fs.find(dir, c.cred, name);
  const none = (error: unknown): undefined => {
    if (error instanceof FsError && error.code === 'ENOENT') return undefined;
    throw error;
  };
  try {
    const found = c.fs.lookup(dir, c.cred, name);
    return found instanceof Promise ? found.catch(none) : found;
  } catch (error) {
    return none(error);
  }
}

function openExisting(c: Compound, args: OpenArguments, node: object, before: number): Awaitable<Opened> {
  const { creation } = args;
  const exclusive = creation?.mode === CreateMode.EXCLUSIVE || creation?.mode === CreateMode.EXCLUSIVE_1;
  const { fs } = c;
  const seen = exclusive || fs.glance === undefined ? fs.attributes(node) : fs.glance(node);
  return after(seen, (attributes) => {
    if (creation?.mode === CreateMode.GUARDED) throw new NfsError(Status.EXIST);
    if (exclusive) {
      // The same verifier says that this very request made the file, and its reply was lost.
      if (!holdsVerifier(attributes, creation.verifier)) throw new NfsError(Status.EXIST);
      c.setCurrent(c.here, node);
      return unchanged(before, withVerifier(creation.mask));
    }
    requireReadableFile(attributes);
    const ready = after(mayOpen(c, args, node), () => withoutOthers(c, args, node));
    return after(ready, () => {
      if (creation?.changes.size !== 0) {
        c.setCurrent(c.here, node);
        return unchanged(before);
      }
      // Looked at only now: whoever gave a delegation back has written first what it had.
      return after(fs.attributes(node), ({ size }) => cutOpened(c, args, node, before, size));
    });
  });
}

function cutOpened(
  c: Compound,
  args: OpenArguments,
  node: object,
  before: number,
  size: number,
): Awaitable<Opened> {
  if (size === 0) {
    c.setCurrent(c.here, node);
    return unchanged(before, bitmapOf([Attr.SIZE]));
  }
  requireShare(c, args, node);
  // Open for writing is leave to cut; without that the mode decides.
  const granted = (args.access & ShareAccess.WRITE) !== 0;
  return after(truncate(c, node, granted), () => opened(c, node, before));
}

function truncate(c: Compound, node: object, sizeGranted: boolean): Awaitable<void> {
  return c.fs.setAttributes(node, c.cred, { size: 0, sizeGranted });
}

function opened(c: Compound, node: object, before: number): Opened {
  c.setCurrent(c.here, node);
  return { changed: true, atomic: true, before, after: before, attributesSet: bitmapOf([Attr.SIZE]) };
}

function create(
  c: Compound,
  args: OpenArguments,
  creation: Creation,
  dir: object,
  name: string,
  before: number,
  tries: number,
): Awaitable<Opened> {
  const again = (error: unknown): Awaitable<Opened> => {
    if (error instanceof FsError && error.code === 'EEXIST')
      return find(c, args, dir, name, before, tries - 1);
    throw error;
  };
  const target = c.here;
  const done = (node: object): Awaitable<Opened> =>
    after(c.fs.attributes(dir), (attributes) => {
      const changedTo = attributes.change;
      c.setCurrent(target, node);
      const attributesSet = 'verifier' in creation ? withVerifier(creation.mask) : creation.mask;
      return { changed: true, atomic: true, before, after: changedTo, attributesSet };
    });
  let made: Awaitable<object>;
  try {
    made = c.fs.createFile(dir, c.cred, name, newAttributes(creation));
  } catch (error) {
    return again(error);
  }
  return made instanceof Promise ? made.then(done, again) : done(made);
}

function newAttributes(creation: Creation): AttributeChanges {
  switch (creation.mode) {
    case CreateMode.UNCHECKED:
    case CreateMode.GUARDED:
      return creation.changes;
    case CreateMode.EXCLUSIVE:
      return { mode: 0, ...verifierTimes(creation.verifier) };
    case CreateMode.EXCLUSIVE_1:
      if (!isEmpty(without(creation.mask, EXCLUSIVE_CREATE_ATTRIBUTES))) throw new NfsError(Status.INVAL);
      return { ...creation.changes, ...verifierTimes(creation.verifier) };
    default:
      return creation satisfies never;
  }
}

/** A verifier as two points in time: 31 bits of each half as seconds, the highest as a nanosecond, so that every host's times hold it. */
function verifierTimes(verifier: Buffer): Pick<AttributeChanges, 'atime' | 'mtime'> {
  const half = (at: number) => {
    const word = verifier.readUInt32BE(at);
    return { sec: word & 0x7fffffff, nsec: word >>> 31 };
  };
  return { atime: half(0), mtime: half(4) };
}

function holdsVerifier(attributes: Attributes, verifier: Buffer): boolean {
  if (attributes.type !== FileType.REGULAR || attributes.size !== 0) return false;
  const high = verifier.readUInt32BE(0);
  const low = verifier.readUInt32BE(4);
  return (
    attributes.atimeSec === (high & 0x7fffffff) &&
    attributes.atimeNsec === high >>> 31 &&
    attributes.mtimeSec === (low & 0x7fffffff) &&
    attributes.mtimeNsec === low >>> 31
  );
}

function withVerifier(mask: Bitmap): Bitmap {
  return union(VERIFIER_ATTRIBUTES, mask);
}

/** No delegation of another client stands against such an open. */
function withoutOthers(c: Compound, args: OpenArguments, node: object): Awaitable<void> {
  const changes = (args.access & ShareAccess.WRITE) !== 0 || args.creation?.changes.size === 0;
  const denies = (args.deny & ShareDeny.READ) !== 0;
  const { claim } = args;
  // Who takes back an open under a delegation may do so for any owner.
  const fresh = claim === OpenClaim.NULL || claim === OpenClaim.FH;
  return withoutDelegations(c, c.here, node, changes || denies, fresh ? args.ownerKey : undefined);
}

function mayOpen(c: Compound, args: OpenArguments, node: object): Awaitable<void> {
  const read = (args.access & ShareAccess.READ) !== 0;
  const write = (args.access & ShareAccess.WRITE) !== 0;
  return c.fs.mayOpen(node, c.cred, read, write);
}

function unchanged(change: number, attributesSet: Bitmap = EMPTY_BITMAP): Opened {
  return { changed: false, atomic: true, before: change, after: change, attributesSet };
}
