import type { Awaitable } from '../vfs/index.ts';
import type { XdrWriter } from '../xdr/index.ts';
import { after } from './after.ts';
import type { Export } from './exports.ts';
import type { OpResult } from './operation.ts';

/** change_info4: the change attribute around a change (RFC 8881 §3.3.10). */
export interface ChangeInfo {
  /** Nothing else can have happened between the two. */
  readonly atomic: boolean;
  readonly before: number;
  readonly after: number;
}

export const CHANGE_INFO_BYTES = 20;

export function writeChangeInfo(out: XdrWriter, info: ChangeInfo): void {
  out.bool(info.atomic).u64(info.before).u64(info.after);
}

/**
 * Runs `change`, whose object had the change attribute `before` just now, and hands its result on with the change_info4: atomic where the
 * file system answered at once, so that nobody else had a turn.
 */
export function changing<R>(
  target: Export,
  node: object,
  before: number,
  change: () => Awaitable<R>,
  done: (result: R, info: ChangeInfo) => OpResult,
): OpResult {
  const changed = change();
  const waited = changed instanceof Promise;
  return after(changed, (result) => {
    const now = target.fileSystem.attributes(node);
    if (!(now instanceof Promise)) return done(result, { atomic: !waited, before, after: now.change });
    // The change and what its slot will keep of it are one: neither becomes stable before the other is written.
    const release = target.fileSystem.hold?.();
    const told = now.then(({ change: later }) => done(result, { atomic: false, before, after: later }));
    return release === undefined ? told : told.finally(release);
  });
}
