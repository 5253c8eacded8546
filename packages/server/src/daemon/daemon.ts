import type { RequestListener } from 'node:http';
import path from 'node:path';
import type { ServerState, Status } from '@dfs/api';
import {
  dataSocketPath,
  defaultDataDirectory,
  type Environment,
  memorySocketPath,
  runtimeDirectory,
} from '@dfs/api/places';
import type { ListenAddress, NfsServer } from '@dfs/nfs';
import { type DataDirectory, dataDirectoryUser, type StorageEvent } from '@dfs/storage';
import { showAddress } from '../config/address.ts';
import type { Config } from '../config/resolve.ts';
import type { SettingValues } from '../config/settings.ts';
import { type ApiListener, listenTcp, listenUnix } from '../rest/listener.ts';
import { ensurePrivateFolder } from '../rest/stale-socket.ts';
import type { TlsFiles } from '../rest/tls.ts';
import { dataError } from './data-error.ts';
import { defaultShare, isClosedToAll } from './default-share.ts';
import type { EarlyListeners } from './early-listeners.ts';
import { engineOptions } from './engine-options.ts';
import { eventLogger } from './events.ts';
import { listenError } from './listen-error.ts';
import { LiveShares, type ServedShare } from './live-shares.ts';
import type { Logger } from './log.ts';
import { Management } from './management.ts';
import { systemNames } from './names.ts';
import type { Parts } from './parts.ts';
import { removePidFile, writePidFile } from './pid-file.ts';
import { Replacement } from './replace.ts';
import { reconcileShares } from './share-registry.ts';
import { preparation } from './socket-options.ts';
import { errorCode, errorMessage, StartError } from './start-error.ts';
import { describeStatus } from './status.ts';

export interface DaemonOptions {
  readonly values: Readonly<SettingValues>;
  /** Where each value comes from: what is given at the start is stronger than what the API has kept. */
  readonly origins: Config['origins'];
  readonly env: Environment;
  readonly parts: Parts;
  readonly log: Logger;
  /** Take the place of the server that has the data directory. */
  readonly replace?: boolean;
  /** Some of the addresses may be listened on already. */
  readonly early?: EarlyListeners | undefined;
}

const MS = 1000;
/** What the API's clients get to finish, after NFS has been closed. */
const API_CLOSE_MS = 1_000;
const DEFAULT_UID = 0;
const ROOT_MODE = 0o755;

/** One server: the data, the engine, its listeners and its API, opened in this order and closed in the opposite one. */
export class Daemon {
  readonly #options: DaemonOptions;
  readonly #log: Logger;
  readonly #startedAt = Date.now();
  readonly #apis: ApiListener[] = [];
  #console: ApiListener | undefined;
  #state: ServerState = 'starting';
  #store: DataDirectory | undefined;
  #shares: LiveShares | undefined;
  #management: Management | undefined;
  #nfs: NfsServer | undefined;
  #pidFile: string | undefined;
  #replacement: Replacement | undefined;
  #stopped: Promise<boolean> | undefined;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  /** Resolves when every listener accepts. Closes what it opened where something fails, and rejects with that. */
  async start(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      await this.stop();
      this.#replacement?.close();
      this.#options.early?.close();
      throw error;
    }
  }

  /** Ends a start that waits for another server to stop. */
  giveUp(): void {
    this.#replacement?.giveUp();
  }

  get dataDirectory(): string | undefined {
    const { memory, data } = this.#options.values;
    return memory ? undefined : (data ?? defaultDataDirectory(this.#options.env));
  }

  get addresses(): readonly ListenAddress[] {
    return this.#nfs?.addresses ?? [];
  }

  get apiAddresses(): readonly string[] {
    return this.#apis.map((api) => api.address);
  }

  /** A page that signs a browser in once; undefined where the console is switched off. */
  consoleLink(): string | undefined {
    return this.#management?.startLink();
  }

  get consoleAddress(): string | undefined {
    return this.#console?.address;
  }

  get shares(): readonly ServedShare[] {
    return this.#shares?.list ?? [];
  }

  status(): Status {
    return describeStatus({
      state: this.#state,
      startedAt: this.#startedAt,
      data: this.dataDirectory,
      nfsAddresses: this.addresses.map(showAddress),
      apiAddresses: this.apiAddresses,
      consoleAddress: this.consoleAddress,
      shares: this.shares,
      figures: this.#nfs?.stats(),
      storage: this.#store?.figures,
    });
  }

  /** Answers what is in flight and closes everything. Resolves to false where something could not be closed well. Asked again, it joins in. */
  stop(): Promise<boolean> {
    this.#state = 'stopping';
    this.#stopped ??= this.#closeAll();
    return this.#stopped;
  }

  async #open(): Promise<void> {
    const { values, replace } = this.#options;
    const directory = this.dataDirectory;
    if (replace === true && directory !== undefined)
      this.#replacement = await Replacement.of(directory, values.listen, this.#log);
    await this.#requireAddresses(directory);
    this.#store = await this.#openStore();
    const management = new Management(this.#store.records, this.#options, this.#log);
    this.#management = management;
    this.#shares = await this.#openShares(this.#store);
    this.#nfs = await this.#createNfs(this.#store, this.#shares, management);
    for (const address of values.listen) await this.#listenNfs(this.#nfs, address);
    await this.#listenApi(this.#store, this.#nfs, this.#shares, management);
    if (values.pid_file !== undefined) {
      writePidFile(values.pid_file);
      this.#pidFile = values.pid_file;
    }
    this.#state = 'ready';
  }

  /**
   * Of two that are started at once, one may have the addresses and the other get the data, and neither could serve: who lacks an address does not touch
   * data that nobody has. Whose data somebody has is told that.
   */
  async #requireAddresses(directory: string | undefined): Promise<void> {
    const [failed] = (await this.#options.early?.retry()) ?? [];
    if (failed === undefined) return;
    if (directory !== undefined && dataDirectoryUser(directory) !== undefined) return;
    const [address, error] = failed;
    throw listenError(error, address, '--listen');
  }

  async #openStore(): Promise<DataDirectory> {
    const { parts, values } = this.#options;
    const options = {
      onEvent: (event: StorageEvent) => this.#storageEvent(event),
      durability: values.durability,
      onJournalLost: (error: Error) => {
        this.#log.error(
          { err: error },
          'the journal cannot be written and was given up: until the next start sessions do not outlive the server, which then begins with a grace period',
        );
      },
    };
    const directory = this.dataDirectory;
    try {
      if (directory === undefined) {
        return parts.openMemoryDirectory({ ...options, limits: { memoryBytes: values.memory_size } });
      }
      const open = () => parts.openDataDirectory(directory, options);
      return await (this.#replacement?.open(open) ?? open());
    } catch (error) {
      throw dataError(error);
    }
  }

  #storageEvent(event: StorageEvent): void {
    switch (event.type) {
      case 'stopped':
        this.#shares?.stopped(event.share, event.stop);
        return;
      case 'full':
        this.#log.warn(
          { reason: event.reason },
          'the disk of the data directory is full: changes are refused, all but those that free room. Make some; nothing else is to be done',
        );
        return;
      case 'room':
        this.#log.info('the disk of the data directory has room again');
        return;
      case 'read_failed': {
        const path = this.shares.find((share) => share.id === event.share)?.path;
        this.#log.error(
          // One that is being opened has no path yet.
          { share: path ?? event.share, reason: event.reason, failed: event.count },
          'a file cannot be read: the disk fails (dmesg tells of it)',
        );
        return;
      }
      default:
        event satisfies never;
    }
  }

  #createNfs(store: DataDirectory, shares: LiveShares, management: Management): Promise<NfsServer> {
    const { values, parts } = this.#options;
    const log = eventLogger(this.#log);
    return parts.createNfsServer({
      ...engineOptions({ ...values, ...management.settings.values }),
      shares: shares.engineShares(),
      stateStore: store.stateStore,
      names: systemNames(),
      prepareSocket: preparation({ paced: values.tcp_pacing }),
      onEvent: (event) => {
        log(event);
        management.event(event);
      },
    });
  }

  async #openShares(store: DataDirectory): Promise<LiveShares> {
    const { values } = this.#options;
    const uid = process.getuid?.() ?? DEFAULT_UID;
    const owner = { uid, gid: process.getgid?.() ?? DEFAULT_UID, mode: ROOT_MODE };
    const fallback = defaultShare(uid, values.listen);
    const shares = new LiveShares(store, owner);
    this.#shares = shares;
    for (const share of await reconcileShares(store.records, { declared: values.shares, fallback })) {
      const fileSystem = await shares.open(share);
      if (isClosedToAll(share, await fileSystem.attributes(fileSystem.root()))) {
        this.#log.warn(
          { share: share.path },
          `nobody can write to ${share.path}: it belongs to root, and clients' root is squashed to nobody. ` +
            `Start once with --share ${share.path},squash=none to change that from a client you trust (clients=ADDRESS names it)`,
        );
      }
    }
    return shares;
  }

  async #listenNfs(nfs: NfsServer, address: ListenAddress): Promise<void> {
    try {
      const { early } = this.#options;
      await nfs.listen(early?.take(address) ?? this.#replacement?.listener(address) ?? address);
    } catch (error) {
      throw listenError(error, address, '--listen');
    }
  }

  async #listenApi(
    store: DataDirectory,
    nfs: NfsServer,
    shares: LiveShares,
    management: Management,
  ): Promise<void> {
    const { values, env } = this.#options;
    const view = { state: () => this.#state, status: () => this.status(), directory: this.dataDirectory };
    const handler = await management.createApp(nfs, shares, view, store);
    const socket = values.api_socket ?? this.#defaultSocket();
    if (path.dirname(socket) === runtimeDirectory(env)) await ensurePrivateFolder(path.dirname(socket));
    this.#apis.push(await listenUnix(handler, socket));
    const { api_tls_cert: cert, api_tls_key: key } = values;
    const files = cert === undefined || key === undefined ? undefined : { cert, key };
    const tls = files && { files, told: (of: TlsFiles, problem: unknown) => this.#toldOfTls(of, problem) };
    if (values.api !== undefined) this.#apis.push(await listenTcp(handler, values.api, tls));
    if (values.console === undefined) return;
    this.#console = await this.#listenConsole(handler, values.console, tls);
    management.consoleServes(this.#console.address, tls !== undefined);
  }

  /** The usual port may be another server's: whoever did not ask for it gets a free one. */
  async #listenConsole(
    handler: RequestListener,
    address: ListenAddress,
    tls: Parameters<typeof listenTcp>[2],
  ): Promise<ApiListener> {
    try {
      return await listenTcp(handler, address, tls, '--console');
    } catch (error) {
      const isUsual = this.#options.origins.console.source === 'default';
      const isTaken = errorCode(error instanceof StartError ? error.cause : error) === 'EADDRINUSE';
      if (!isUsual || !isTaken) throw error;
      return listenTcp(handler, { ...address, port: 0 }, tls, '--console');
    }
  }

  #toldOfTls({ cert }: TlsFiles, problem: unknown): void {
    if (problem === undefined)
      this.#log.info({ cert }, 'api: the certificate has changed and is served from now on');
    else
      this.#log.warn(
        { cert, err: problem },
        'api: the new certificate cannot be served; the one before still is',
      );
  }

  #defaultSocket(): string {
    const directory = this.dataDirectory;
    if (directory !== undefined) return dataSocketPath(directory, this.#options.env);
    return memorySocketPath(this.addresses[0]?.port ?? 0, this.#options.env);
  }

  /** Every step is tried, whatever became of those before: data matters more than tidiness. */
  async #closeAll(): Promise<boolean> {
    let closedWell = true;
    const step = async (what: string, work: () => Promise<unknown> | undefined) => {
      try {
        await work();
      } catch (error) {
        closedWell = false;
        this.#log.error({ err: error }, `could not close ${what}`);
      }
    };
    // It may have requests wait that are to be answered.
    await step('the backup', () => this.#management?.endBackup());
    await step('the listeners to events', async () => this.#management?.close());
    await step('the NFS server', () => this.#nfs?.close(this.#options.values.drain_time * MS));
    await step('the console', () => this.#console?.close(API_CLOSE_MS));
    for (const api of this.#apis) await step('the API', () => api.close(API_CLOSE_MS));
    await step('the shares', () => this.#closeShares());
    await step('the data directory', () => this.#store?.close());
    if (this.#pidFile !== undefined) removePidFile(this.#pidFile);
    return closedWell;
  }

  async #closeShares(): Promise<void> {
    const [first] = (await this.#shares?.close()) ?? [];
    if (first !== undefined)
      throw new Error(`share ${first[0]}: ${errorMessage(first[1])}`, { cause: first[1] });
  }
}
