import type { ApiEvent } from '@dfs/api';
import { type Paint, plural, printable } from '@dfs/api/terminal';
import { showValue } from './settings.ts';

const TYPE_WIDTH = 10;

/** One line for people. */
export function eventLine(event: ApiEvent, paint: Paint): string {
  const type = event.type.padEnd(TYPE_WIDTH);
  return `${paint('dim', event.time)}  ${paint(styleOf(event), type)}  ${printable(whatHappened(event))}`;
}

function styleOf({ type }: ApiEvent): Parameters<Paint>[0] {
  switch (type) {
    case 'over_limit':
    case 'drain':
    case 'lost':
      return 'yellow';
    case 'settings':
    case 'share':
    case 'grace':
    case 'backup':
      return 'cyan';
    case 'connection':
    case 'bind':
    case 'unbind':
    case 'session':
    case 'client':
    case 'heartbeat':
      return 'bold';
  }
}

function whatHappened(event: ApiEvent): string {
  switch (event.type) {
    case 'connection':
      return words([
        event.connection_id === undefined ? undefined : `connection ${event.connection_id}`,
        event.action,
        event.remote === undefined ? undefined : `from ${event.remote}`,
        event.local === undefined ? undefined : `to ${event.local}`,
        because(event.reason),
      ]);
    case 'bind':
      return `connection ${event.connection_id} to session ${event.session_id}: ${event.direction}`;
    case 'unbind':
      return `connection ${event.connection_id} from session ${event.session_id}: ${event.reason}`;
    case 'over_limit':
      return `connection ${event.connection_id} is one too many for session ${event.session_id}: ${event.how} bind refused`;
    case 'session':
      return words([
        `session ${event.session_id} ${event.action}`,
        event.client_id === undefined ? undefined : `by client ${event.client_id}`,
        because(event.reason),
      ]);
    case 'client':
      return words([
        `client ${event.client_id} ${event.action}`,
        event.remote === undefined ? undefined : `at ${event.remote}`,
        event.owner,
        because(event.reason),
      ]);
    case 'drain':
      return words([
        `of ${event.target} ${event.action}`,
        event.connections === undefined ? undefined : `with ${plural(event.connections, 'connection')}`,
        event.forced === undefined || event.forced === 0
          ? undefined
          : `${event.forced} of them while still busy`,
      ]);
    case 'settings': {
      const changes = event.changes.map(
        ({ setting, from, to }) => `${setting} ${showValue(setting, from)} -> ${showValue(setting, to)}`,
      );
      return `${changes.join(', ')} by ${event.who}, version ${event.version}`;
    }
    case 'share':
      return words([`${event.path} ${event.action} by ${event.who}`, because(event.reason)]);
    case 'grace':
      return words([
        event.action,
        event.seconds === undefined ? undefined : `${event.seconds} s`,
        event.clients === undefined ? undefined : `${event.clients} clients may reclaim`,
      ]);
    case 'backup':
      return words([`to ${event.target}`, event.action, `by ${event.who}`, because(event.reason)]);
    case 'lost':
      return event.reason;
    case 'heartbeat':
      return 'the server is there';
  }
}

function because(reason: string | undefined): string | undefined {
  return reason === undefined ? undefined : `(${reason})`;
}

function words(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(' ');
}
