import type { EngineEvent } from '@dfs/nfs';
import type { Logger } from './log.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** What people want to know without asking is `info`; what happens with every connection is `debug`. */
function levelOf(event: EngineEvent): Level {
  switch (event.type) {
    case 'client_confirmed':
    case 'client_removed':
    case 'grace_started':
    case 'grace_ended':
      return 'info';
    case 'connection_opened':
    case 'connection_closed':
    case 'session_created':
    case 'session_destroyed':
    case 'bound':
    case 'unbound':
      return 'debug';
    case 'fault':
      return 'error';
  }
}

/** Writes the engine's events to the log, as `nfs: <what happened>` with its particulars. */
export function eventLogger(log: Logger): (event: EngineEvent) => void {
  return (event) => {
    const level = levelOf(event);
    if (!log.isLevelEnabled(level)) return;
    const message = `nfs: ${event.type.replaceAll('_', ' ')}`;
    if (event.type === 'fault') log.error({ operation: event.operation, err: event.error }, message);
    else {
      const { type: _, ...particulars } = event;
      log[level](particulars, message);
    }
  };
}
