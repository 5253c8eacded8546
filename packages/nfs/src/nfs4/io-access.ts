import type { Awaitable } from '../vfs/index.ts';
import { after } from './after.ts';
import type { Compound } from './compound.ts';
import { ShareAccess, ShareDeny, Status } from './constants/index.ts';
import { withoutDelegations } from './delegation-conflict.ts';
import { NfsError } from './errors.ts';
import type { Client } from './state/clients.ts';
import type { FileState } from './state/files.ts';
import { type StateEntry, StateKind } from './state/stateids.ts';
import { isAnonymous, isCurrent, isReadBypass, isSpecialOther, type Stateid } from './stateid.ts';

/** The stateid meant: the current one where the request says so (RFC 8881 §16.2.3.1.2). */
export function resolveStateid(c: Compound, id: Stateid): Stateid {
  if (!isCurrent(id)) return id;
  if (c.stateid === undefined) throw new NfsError(Status.BAD_STATEID);
  return c.stateid;
}

/** The client of the session that the COMPOUND runs in. */
export function clientOf(c: Compound): Client {
  if (c.session === undefined) throw new NfsError(Status.OP_NOT_IN_SESSION);
  return c.session.client;
}

/** The state that a stateid of this client names, at its current sequence (RFC 8881 §8.2.2). BAD_STATEID, OLD_STATEID. */
export function findState(c: Compound, id: Stateid): StateEntry {
  if (isSpecialOther(id)) throw new NfsError(Status.BAD_STATEID);
  const entry = c.engine.state.stateids.find(id);
  if (entry === undefined || entry.client !== clientOf(c)) throw new NfsError(Status.BAD_STATEID);
  if (entry.kind === StateKind.DELEGATION && entry.revoked) throw new NfsError(Status.DELEG_REVOKED);
  if (id.seqid !== 0 && id.seqid !== entry.seqid) {
    throw new NfsError(id.seqid > entry.seqid ? Status.BAD_STATEID : Status.OLD_STATEID);
  }
  return entry;
}

/** BAD_STATEID unless the state is of the current filehandle's file. */
export function requireSameFile(c: Compound, file: FileState): void {
  if (!c.engine.state.files.same(file, c.here, c.object)) throw new NfsError(Status.BAD_STATEID);
}

/**
 * May the current file be read (or written) under this stateid? A special stateid is checked against permission and the share
 * reservations of all (§8.2.3, §9.1.2); any other against the open that it stands for.
 */
export function requireIo(c: Compound, given: Stateid, write: boolean): Awaitable<void> {
  const id = resolveStateid(c, given);
  if (isAnonymous(id) || isReadBypass(id)) return requireOpenAccess(c, write, isReadBypass(id) && !write);
  const entry = findState(c, id);
  requireSameFile(c, entry.file);
  const access = entry.kind === StateKind.LOCK ? entry.open.access : entry.access;
  const needed = write ? ShareAccess.WRITE : ShareAccess.READ;
  if ((access & needed) === 0) throw new NfsError(Status.OPENMODE);
  return undefined;
}

function requireOpenAccess(c: Compound, write: boolean, bypass: boolean): Awaitable<void> {
  const check = after(c.fs.mayOpen(c.object, c.cred, !write, write), () =>
    withoutDelegations(c, c.here, c.object, write),
  );
  return after(check, () => {
    if (bypass) return;
    const { state } = c.engine;
    const denied = write ? ShareDeny.WRITE : ShareDeny.READ;
    const file = state.files.find(c.here, c.object);
    for (const open of [...(file?.opens ?? [])]) {
      if ((open.deny & denied) !== 0 && !state.yields(open.client)) throw new NfsError(Status.LOCKED);
    }
  });
}
