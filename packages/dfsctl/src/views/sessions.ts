import type { ConnectionSummary, Session, SessionDetail } from '@dfs/api';
import { type Paint, showCount, showDuration, showSize, table } from '@dfs/api/terminal';
import { paintBackChannel } from './back-channel.ts';
import { sessionConnectionsTable } from './connections.ts';
import { facts, secondsSince } from './facts.ts';

/** "8 (6f 0b 2fb)": all, and of them those that are fore only, back only, and both. */
export function showSummary({ total, fore, back, both }: ConnectionSummary): string {
  return `${total} (${fore}f ${back}b ${both}fb)`;
}

/** With whose they are: those of several clients. */
export function sessionsView(sessions: readonly Session[], paint: Paint, now: number): string {
  if (sessions.length === 0) return 'no sessions';
  const clients = new Set(sessions.map((session) => session.client_id));
  const one = sessionsTable(sessions, paint, now);
  if (clients.size === 1) return `${paint('dim', 'client')} ${sessions[0]?.client_id}\n\n${one}`;
  return table(
    ['CLIENT', ...HEAD],
    sessions.map((session) => [session.client_id, ...row(session, paint, now)]),
    paint,
  );
}

const HEAD = ['SESSION', 'CONNECTIONS', 'SLOTS IN USE', 'BACK CHANNEL', 'VERSION', 'AGE', 'OVER LIMIT'];

export function sessionsTable(sessions: readonly Session[], paint: Paint, now: number): string {
  if (sessions.length === 0) return 'no sessions';
  return table(
    HEAD,
    sessions.map((session) => row(session, paint, now)),
    paint,
  );
}

function row(session: Session, paint: Paint, now: number): string[] {
  const { slots, over_limit } = session;
  return [
    session.session_id,
    showSummary(session.connection_summary),
    `${slots.in_use} of ${slots.granted}`,
    paintBackChannel(session.back_channel, paint),
    `4.${session.minor_version}`,
    showDuration(secondsSince(session.created_at, now)),
    over_limit === 0 ? '0' : paint('yellow', showCount(over_limit)),
  ];
}

export function sessionView(session: SessionDetail, paint: Paint, now: number): string {
  const { slots, fore, back } = session;
  const known: [string, string][] = [
    ['Client', session.client_id],
    ['Version', `NFS 4.${session.minor_version}`],
    ['Since', `${session.created_at} (${showDuration(secondsSince(session.created_at, now))})`],
    ['Connections', showSummary(session.connection_summary)],
    ['Over limit', `${showCount(session.over_limit)} attempts to bind one more`],
    ['Back channel', paintBackChannel(session.back_channel, paint)],
    [
      'Slots',
      `${slots.in_use} in use, ${slots.touched} used so far, ${slots.granted} granted, ${slots.target} intended`,
    ],
    ['Reply cache', showSize(session.reply_cache_bytes)],
    ['Fore channel', showChannel(fore)],
    ['Back channel', showChannel(back)],
  ];
  return [
    paint('bold', `session ${session.session_id}`),
    '',
    facts(known, paint),
    '',
    sessionConnectionsTable(session.connections, paint, now),
  ].join('\n');
}

function showChannel(channel: Session['fore']): string {
  const { max_request, max_response, max_operations, max_requests } = channel;
  const sizes = `requests up to ${showSize(max_request)}, replies up to ${showSize(max_response)}`;
  return `${sizes}, ${max_operations} operations in each, ${max_requests} at a time`;
}
