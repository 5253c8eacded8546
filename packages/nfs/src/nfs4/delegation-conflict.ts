import type { Awaitable } from '../vfs/index.ts';
import { FsError } from '../vfs/index.ts';
import { after } from './after.ts';
import type { Compound } from './compound.ts';
import { Status } from './constants/index.ts';
import { NfsError } from './errors.ts';
import type { Export } from './exports.ts';

/** How long a request waits for delegations to come back before its client is told to try again. */
const WAIT_MS = 1000;

/**
 * Sees to it that no delegation of another client stands against reading an object (or, with `changes`, against changing it, its attributes or
 * its name; of its client's other open-owners too where `ownerKey` is one): recalls those that do, waits a little, else NFS4ERR_DELAY (RFC 8881 §10.2.1).
 */
export function withoutDelegations(
  c: Compound,
  target: Export,
  node: object,
  changes: boolean,
  ownerKey?: string,
): Awaitable<void> {
  return c.engine.state.delegations.count === 0 ? undefined : recalled(c, target, node, changes, ownerKey);
}

function recalled(
  c: Compound,
  target: Export,
  node: object,
  changes: boolean,
  ownerKey: string | undefined,
): Awaitable<void> {
  const { delegations, files } = c.engine.state;
  return clear(c, () =>
    delegations.conflicts(files.find(target, node), c.session?.client, changes, ownerKey),
  );
}

function clear(
  c: Compound,
  find: () => ReturnType<Compound['engine']['state']['delegations']['conflicts']>,
): Awaitable<void> {
  const { state, recalls } = c.engine;
  // A holder whose lease has ended is not asked: it goes, with all it has.
  const standing = find().filter((delegation) => !state.yields(delegation.client));
  if (standing.length === 0) return undefined;
  for (const delegation of standing) recalls.start(delegation);
  return recalls.ended(standing, WAIT_MS).then((ended) => {
    if (!ended || find().length > 0) throw new NfsError(Status.DELAY);
  });
}

/** As {@link withoutDelegations}, for a change to what `name` stands for in a directory: its removal, or its replacement. */
export function withoutDelegationsOn(
  c: Compound,
  target: Export,
  dir: object,
  name: string,
): Awaitable<void> {
  if (c.engine.state.delegations.count === 0) return undefined;
  const { fileSystem } = target;
  const cred = target.squash(c.principal.credentials);
  const absent = (error: unknown): undefined => {
    // The operation itself says what is wrong, if anything is.
    if (error instanceof FsError) return undefined;
    throw error;
  };
  let found: Awaitable<object | undefined>;
  try {
    found = fileSystem.lookup(dir, cred, name);
  } catch (error) {
    found = absent(error);
  }
  const known = found instanceof Promise ? found.catch(absent) : found;
  return after(known, (node) => (node === undefined ? undefined : withoutDelegations(c, target, node, true)));
}
