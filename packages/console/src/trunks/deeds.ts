import { plural, short } from '../format.ts';
import type { Deed } from '../parts.tsx';
import { steering } from '../session.ts';
import type { ClientRow, Line, SessionRow } from './model.ts';

const ANSWERED = 'What is in flight is answered, nothing new is executed, then';

export function drainClient({ client, connections }: ClientRow): Deed {
  return {
    title: `Drain ${client.address}?`,
    consequence: `${ANSWERED} its ${plural(connections, 'connection')} ${connections === 1 ? 'closes' : 'close'}. The client comes back over new ones and keeps what it holds.`,
    verb: 'Drain client',
    run: () => steering.drainClient(client.client_id),
  };
}

export function evictClient({ client, sessions }: ClientRow): Deed {
  const held = [
    plural(sessions.length, 'session'),
    plural(client.opens, 'open'),
    plural(client.locks, 'lock'),
  ];
  return {
    title: `Evict ${client.address}?`,
    consequence: `Its ${held.join(', ')} end at once, and it may not reclaim them. Programs on it may see errors.`,
    verb: 'Evict',
    isHarsh: true,
    run: () => steering.evictClient(client.client_id),
  };
}

export function drainSession({ session, lines }: SessionRow): Deed {
  return {
    title: `Drain session ${short(session.session_id)}?`,
    consequence: `${ANSWERED} its ${plural(lines.length, 'connection')} ${lines.length === 1 ? 'closes' : 'close'}. The session stays: its client comes back to it over new ones.`,
    verb: 'Drain session',
    run: () => steering.drainSession(session.client_id, session.session_id),
  };
}

export function endSession({ session }: SessionRow, { client }: ClientRow): Deed {
  return {
    title: `End session ${short(session.session_id)}?`,
    consequence: `It is gone at once, with its ${plural(session.slots_granted, 'slot')} and the replies that it remembers. Its client makes another one; the ${plural(client.opens, 'open')} and ${plural(client.locks, 'lock')} of the client stay.`,
    verb: 'End session',
    isHarsh: true,
    run: () => steering.destroySession(session.client_id, session.session_id),
  };
}

export function drainConnection(line: Line, { lines }: SessionRow): Deed {
  const others = lines.length - 1;
  return {
    title: `Drain connection ${line.id}?`,
    consequence: `What is in flight on ${line.remote} is answered, then it closes. ${
      others === 0
        ? 'It is the only one of its session: the client connects anew.'
        : `The session goes on over its other ${others === 1 ? 'one' : others}.`
    }`,
    verb: 'Drain connection',
    run: () => steering.drainConnection(line.id),
  };
}

/** What a limit would do to the sessions as they are. */
export function limitDeed(limit: number, now: number, rows: readonly ClientRow[]): Deed {
  const sizes = rows.flatMap(({ sessions }) => sessions.map(({ lines }) => lines.length));
  const over = limit === 0 ? [] : sizes.filter((size) => size > limit);
  const bindings = over.reduce((sum, size) => sum + size - limit, 0);
  const most = limit === 0 ? 'any number of connections' : `at most ${plural(limit, 'connection')}`;
  const isValid = Number.isInteger(limit) && limit >= 0;
  return {
    title: 'Connections a session may have',
    consequence: !isValid
      ? 'A whole number; 0 is no limit.'
      : limit === now
        ? 'That is the limit now: nothing changes.'
        : over.length > 0
          ? `From now on each session has ${most}. ${plural(over.length, 'session')} ${over.length === 1 ? 'has' : 'have'} more: ${plural(bindings, 'connection')} ${bindings === 1 ? 'is' : 'are'} unbound at once, the least active first. Their requests go on, as guests.`
          : `From now on each session has ${most}. No session has more now; guests are bound with their next request.`,
    verb: 'Change the limit',
    isHarsh: over.length > 0,
    run: () => steering.updateNfsSettings({ v4_max_connections_per_session: limit }),
  };
}
