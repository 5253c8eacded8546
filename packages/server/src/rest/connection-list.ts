import type { ConnectionList, ConnectionQuery } from '@dfs/api';
import type { Control } from '@dfs/nfs';
import { showConnection } from './views.ts';

/** Cursors of one start mean nothing to another. */
const STARTED = Math.round(performance.timeOrigin);

/**
 * A page of the list, and what is needed to ask for the next one, or for what has changed since. With a cursor of an earlier answer only those
 * connections are in it that something has come or gone on since, as long as none was opened, closed, bound, unbound or drained.
 */
export function listConnections(control: Control, { limit, after, since }: ConnectionQuery): ConnectionList {
  const shape = shapeOf(control);
  const [before, time] = split(since);
  const complete = before !== shape;
  const activeSince = complete ? undefined : time;
  // One more than is shown tells whether there is more.
  const views = control.connections({
    after,
    limit: limit === undefined ? undefined : limit + 1,
    activeSince,
  });
  const shown = limit === undefined ? views : views.slice(0, limit);
  const last = shown.at(-1);
  return {
    connections: shown.map(showConnection),
    complete,
    cursor: `${shape}@${Date.now()}`,
    ...(views.length > shown.length && last !== undefined && { next_after: last.id }),
  };
}

/** Differs where connections, or what they are bound to, do. */
function shapeOf(control: Control): string {
  const { connectionsOpened, bind, unbind } = control.counters();
  const { connections, connectionsDraining } = control.gauges();
  const count = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((total, each) => total + each, 0);
  return [STARTED, connectionsOpened, connections, count(bind), count(unbind), connectionsDraining].join('.');
}

function split(cursor: string | undefined): [shape: string | undefined, time: number] {
  const at = cursor?.lastIndexOf('@') ?? -1;
  if (cursor === undefined || at < 0) return [undefined, 0];
  return [cursor.slice(0, at), Number(cursor.slice(at + 1)) || 0];
}
