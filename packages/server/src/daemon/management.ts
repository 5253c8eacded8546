import type { ServerState, Status } from '@dfs/api';
import type { EngineEvent, NfsServer } from '@dfs/nfs';
import type { DataDirectory, Records } from '@dfs/storage';
import { Tokens } from '../auth/tokens.ts';
import { isLoopback, parseAddress, showAddress } from '../config/address.ts';
import type { Config } from '../config/resolve.ts';
import type { SettingValues } from '../config/settings.ts';
import { linkUrl } from '../console/link.ts';
import { ConsoleSessions, START_LINK_MS } from '../console/sessions.ts';
import { Recorder } from '../history/recorder.ts';
import { Vitals } from '../history/vitals.ts';
import { Metrics } from '../metrics/metrics.ts';
import { apiEvent, EventLog } from '../rest/event-log.ts';
import type { RestServices } from '../rest/services.ts';
import { clashingSettings } from '../settings/check.ts';
import { engineSettings } from '../settings/engine.ts';
import { NfsSettings } from '../settings/nfs-settings.ts';
import { Backups } from './backups.ts';
import type { LiveShares } from './live-shares.ts';
import type { Logger } from './log.ts';
import { StartError } from './start-error.ts';
import { showStop } from './stopped-share.ts';

/** What the daemon knows of itself. */
export interface DaemonView {
  state(): ServerState;
  status(): Status;
  /** Undefined where everything is in memory. */
  readonly directory: string | undefined;
}

/** What operators see and steer, put together: settings, tokens, events, metrics, and the API over them. */
export class Management {
  readonly settings: NfsSettings;
  readonly #tokens: Tokens;
  readonly #console: ConsoleSessions;
  #linkUrl: (secret: string) => string | undefined = () => undefined;
  #recorder: Recorder | undefined;
  #backups: Backups | undefined;
  readonly #events = new EventLog();
  readonly #config: Pick<Config, 'values' | 'origins'>;
  readonly #log: Logger;
  #metrics: Metrics | undefined;

  /** Throws a StartError where a record cannot be understood, or where strangers could come to an API that nobody guards. */
  constructor(records: Records, config: Pick<Config, 'values' | 'origins'>, log: Logger) {
    this.settings = new NfsSettings(records, config);
    const [clash] = clashingSettings(this.settings.values);
    if (clash !== undefined) {
      throw new StartError(clash.message, 'one is given at this start, the other was set before: give both');
    }
    this.#tokens = new Tokens(records);
    this.#console = new ConsoleSessions(records);
    this.#config = config;
    this.#log = log;
    requireToken(config.values, this.#tokens);
  }

  /** To be told of each event of the engine. */
  event(event: EngineEvent): void {
    this.#metrics?.event(event);
    const told = apiEvent(event);
    if (told !== undefined) this.#events.publish(told);
  }

  /** The API, as a handler for its listeners. */
  async createApp(
    nfs: NfsServer,
    shares: LiveShares,
    daemon: DaemonView,
    store: Pick<DataDirectory, 'commits' | 'figures' | 'backup' | 'records'>,
  ) {
    const { values } = this.#config;
    const backups = this.#createBackups(store);
    const metrics = new Metrics(
      () => ({ nfs, shares: shares.list, storage: store.figures, backups: backups.figures }),
      {
        perSession: values['metrics.per_session'],
      },
    );
    metrics.start();
    this.#metrics = metrics;
    this.settings.attach(
      (changed) => nfs.control.configure(engineSettings(changed)),
      (version, who, changes) => {
        this.#log.info({ version, who, changes }, 'settings changed');
        this.#events.publish({ type: 'settings', version, who, changes: [...changes] });
      },
    );
    shares.attach(nfs, (action, { id, path }, who, stop) => {
      const shown = stop === undefined ? undefined : showStop(stop, path);
      if (shown === undefined) this.#log.info({ share: path, id, who }, `share ${action}`);
      else this.#log.error({ share: path, id, ...shown }, `share ${action}: ${shown.advice}`);
      const reason = shown === undefined ? {} : { reason: shown.reason };
      this.#events.publish({ type: 'share', action, share_id: id, path, who, ...reason });
    });
    const vitals = new Vitals(store.commits, daemon.directory);
    const recorder = new Recorder(nfs, () => shares.list, vitals);
    this.#recorder = recorder;
    const services: RestServices = {
      recorder,
      console: { sessions: this.#console, linkUrl: (secret) => this.#linkUrl(secret) },
      state: () => daemon.state(),
      status: () => daemon.status(),
      control: nfs.control,
      settings: this.settings,
      shares,
      backups,
      isFull: () => store.figures.full,
      tokens: this.#tokens,
      events: this.#events,
      metrics,
      openMetrics: values['metrics.open'],
    };
    // A quarter of all that is loaded, and clients do not wait for it: NFS is served by now.
    const { createRestApp } = await import('../rest/app.ts');
    return createRestApp(services, this.#log);
  }

  #createBackups(store: Pick<DataDirectory, 'backup' | 'records'>): Backups {
    const backups = new Backups(store, ({ action, target, who, reason }) => {
      const level = action === 'failed' ? 'error' : 'info';
      this.#log[level]({ target, who, ...(reason !== undefined && { reason }) }, `backup ${action}`);
      this.#events.publish({ type: 'backup', action, target, who, ...(reason !== undefined && { reason }) });
    });
    this.#backups = backups;
    return backups;
  }

  /** Cancels the backup that is being made, and answers when that has ended. */
  async endBackup(): Promise<void> {
    await this.#backups?.close();
  }

  /** The console can be reached there from now on. */
  consoleServes(address: string, isSecure: boolean): void {
    this.#linkUrl = (secret) => linkUrl(parseAddress(address), isSecure, secret);
  }

  /** For the terminal of who has started the server; undefined where there is no console. */
  startLink(): string | undefined {
    if (this.#linkUrl('') === undefined) return undefined;
    return this.#linkUrl(this.#console.createLink('admin', START_LINK_MS).secret);
  }

  /** Lets listeners to events go, and stops watching the process. */
  close(): void {
    this.#events.close();
    this.#metrics?.close();
    this.#recorder?.close();
  }
}

/** An address that others can reach, and nobody who may come: more likely a slip than a wish. */
function requireToken({ api }: Readonly<SettingValues>, tokens: Tokens): void {
  if (api === undefined || isLoopback(api.host) || tokens.size > 0) return;
  throw new StartError(
    `the API on ${showAddress(api)} could be reached from other machines, and there is no token that guards it yet`,
    'start without --api, make one over the Unix socket (dfsctl token create NAME --role admin), and start again',
  );
}
