import type { ServerState, Status } from '@dfs/api';
import type { Control } from '@dfs/nfs';
import type { Tokens } from '../auth/tokens.ts';
import type { ConsoleSessions } from '../console/sessions.ts';
import type { Backups } from '../daemon/backups.ts';
import type { LiveShares } from '../daemon/live-shares.ts';
import type { Recorder } from '../history/recorder.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { NfsSettings } from '../settings/nfs-settings.ts';
import type { EventLog } from './event-log.ts';

/** What the API shows and steers. */
export interface RestServices {
  state(): ServerState;
  status(): Status;
  readonly control: Control;
  readonly settings: NfsSettings;
  readonly shares: Pick<LiveShares, 'list' | 'create' | 'update' | 'start' | 'delete'>;
  readonly backups: Pick<Backups, 'show' | 'start' | 'cancel'>;
  readonly tokens: Tokens;
  readonly events: EventLog;
  readonly recorder: Pick<Recorder, 'history' | 'vitals'>;
  readonly console: {
    readonly sessions: ConsoleSessions;
    /** Undefined where the console is switched off. */
    linkUrl(secret: string): string | undefined;
  };
  /** The disk has no room for records. */
  isFull(): boolean;
  readonly metrics: Metrics;
  /** /metrics needs no token. */
  readonly openMetrics: boolean;
}
