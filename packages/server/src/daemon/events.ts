import type { EngineEvent } from '@dfs/nfs';
import type { Logger } from './log.ts';

/** What comes with every connection or session, and what a stranger could fill the log with. */
const QUIET: ReadonlySet<string> = new Set([
  'connection_opened',
  'connection_closed',
  'connection_refused',
  'session_created',
  'session_destroyed',
  'bound',
  'unbound',
  'over_limit',
]);

/** Writes the engine's events to the log, as `nfs: <what happened>` with its particulars. */
export function eventLogger(log: Logger): (event: EngineEvent) => void {
  return (event) => {
    const message = `nfs: ${event.type.replaceAll('_', ' ')}`;
    if (event.type === 'fault') {
      log.error({ operation: event.operation, err: event.error }, message);
      return;
    }
    const level = QUIET.has(event.type) || isOwnStop(event) ? 'debug' : 'info';
    if (!log.isLevelEnabled(level)) return;
    const { type: _, ...particulars } = event;
    log[level](particulars, message);
  };
}

/** Of the server's own end its log says enough. */
function isOwnStop(event: EngineEvent): boolean {
  return 'target' in event && event.target === 'server';
}
