import type { Compound } from './compound.ts';
import { Status } from './constants/index.ts';
import { NfsError } from './errors.ts';
import { type Export, PSEUDO_EXPORT_ID } from './exports.ts';
import type { PseudoDirectory } from './pseudo.ts';

/** An object and the export that it is in. */
export interface Place {
  readonly target: Export;
  readonly node: object;
}

/** May the caller's address and port use the share? */
export function admitted(c: Compound, target: Export): boolean {
  return target.admits(c.connection.remoteAddress, c.connection.remotePort);
}

export function isPseudo(target: Export): boolean {
  return target.id === PSEUDO_EXPORT_ID;
}

/** The root of the share that covers a pseudo directory, else the directory. NFS4ERR_ACCESS where the share does not admit the caller. */
export function crossInto(c: Compound, directory: PseudoDirectory): Place {
  const share = directory.share;
  if (share === undefined) return { target: c.engine.namespace.pseudo, node: directory };
  if (!admitted(c, share)) throw new NfsError(Status.ACCESS);
  return { target: share, node: share.fileSystem.root() };
}

/** As {@link crossInto}, but stays at the pseudo directory where the share does not admit the caller. */
export function crossIfAdmitted(c: Compound, directory: PseudoDirectory): Place {
  const share = directory.share;
  if (share !== undefined && !admitted(c, share))
    return { target: c.engine.namespace.pseudo, node: directory };
  return crossInto(c, directory);
}

/** Is the object the root of its file system? A file system may hand out more than one object for it, but only one handle. */
export function isRoot(target: Export, node: object): boolean {
  const { fileSystem } = target;
  return fileSystem.root() === node || Buffer.compare(target.rootHandle, fileSystem.handle(node)) === 0;
}

/** The pseudo directories on the way to shares within this one, where the object is a pseudo directory or a share's root. */
export function junctionsBelow(
  target: Export,
  node: object,
): ReadonlyMap<string, PseudoDirectory> | undefined {
  if (isPseudo(target)) return (node as PseudoDirectory).children;
  const children = target.junction?.children;
  if (children === undefined || children.size === 0 || !isRoot(target, node)) return undefined;
  return children;
}

/** The directory above a share's root: that which holds the one that the share covers. Undefined at the top. */
export function aboveShare(c: Compound, target: Export): Place | undefined {
  const up = target.junction?.up;
  return up === undefined ? undefined : crossInto(c, up);
}
