import type { NfsClient, Session } from '@dfs/api';
import { type Paint, plural, printable, showDuration, table } from '@dfs/api/terminal';
import { paintBackChannel } from './back-channel.ts';
import { facts, secondsSince } from './facts.ts';
import { sessionsTable } from './sessions.ts';

export function clientsView(clients: readonly NfsClient[], paint: Paint): string {
  if (clients.length === 0) return 'no clients';
  const head = [
    'CLIENT',
    'ADDRESS',
    'OWNER',
    'LEASE',
    'SESSIONS',
    'CONNECTIONS',
    'OPENS',
    'LOCKS',
    'DELEGATIONS',
  ];
  const rows = clients.map((client) => [
    client.client_id,
    printable(client.address),
    printable(client.owner),
    paintLease(client, paint),
    String(client.sessions),
    String(client.connections),
    String(client.opens),
    String(client.locks),
    String(client.delegations),
  ]);
  return table(head, rows, paint);
}

export function clientView(
  client: NfsClient,
  sessions: readonly Session[],
  paint: Paint,
  now: number,
): string {
  const { implementation, lease } = client;
  const renewed = `renewed ${showDuration(lease.seconds_since_renewal)} ago`;
  const end =
    lease.remaining_seconds >= 0
      ? `${showDuration(lease.remaining_seconds)} left`
      : `ended ${showDuration(-lease.remaining_seconds)} ago`;
  const made = implementation === null ? 'not said' : `${implementation.name}, ${implementation.domain}`;
  const known: [string, string][] = [
    ['Owner', printable(client.owner)],
    ['Address', printable(client.address)],
    ['User', `uid ${client.uid}`],
    ['Software', printable(made)],
    ['Since', `${client.created_at} (${showDuration(secondsSince(client.created_at, now))})`],
    ['Lease', `${paintLease(client, paint)}, ${renewed}, ${end}`],
    ['Reclaim', client.reclaim_complete ? 'complete' : 'not complete'],
    ['Back channel', paintBackChannel(client.back_channel, paint)],
    [
      'Held',
      [
        plural(client.opens, 'open'),
        plural(client.locks, 'lock'),
        plural(client.delegations, 'delegation'),
      ].join(', '),
    ],
  ];
  return [
    `${paint('bold', `client ${client.client_id}`)}`,
    '',
    facts(known, paint),
    '',
    sessionsTable(sessions, paint, now),
  ].join('\n');
}

function paintLease({ lease }: NfsClient, paint: Paint): string {
  return paint(lease.state === 'active' ? 'green' : 'yellow', lease.state);
}
