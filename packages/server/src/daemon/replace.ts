import { setTimeout as sleep } from 'node:timers/promises';
import { type ListenAddress, WaitingListener } from '@dfs/nfs';
import { DataDirectoryError, dataDirectoryUser } from '@dfs/storage';
import type { Logger } from './log.ts';
import { StartError } from './start-error.ts';

const POLL_MS = 5;
/** For nobody to be seen who has a directory that is locked: between two holders, or for good, as by another container's process. */
const UNSEEN_MS = 10_000;
const REMIND_MS = 30_000;

/**
 * Takes the place of the server that has the data directory: listens beside it, so that no connection is refused, asks it to stop, and opens
 * the directory when it is free. Connections that come meanwhile wait.
 */
export class Replacement {
  readonly #listeners = new Map<ListenAddress, WaitingListener>();
  readonly #directory: string;
  readonly #replaced: number;
  readonly #log: Logger;
  #givenUp = false;

  private constructor(directory: string, replaced: number, log: Logger) {
    this.#directory = directory;
    this.#replaced = replaced;
    this.#log = log;
  }

  /** Asks nobody where nobody has the directory. */
  static async of(
    directory: string,
    addresses: readonly ListenAddress[],
    log: Logger,
  ): Promise<Replacement | undefined> {
    const pid = dataDirectoryUser(directory);
    if (pid === undefined) return undefined;
    const replacement = new Replacement(directory, pid, log);
    for (const address of addresses) {
      if (address.port === 0) continue;
      try {
        replacement.#listeners.set(address, await WaitingListener.open(address, { beside: true }));
      } catch (error) {
        // Another version, which does not share, or somebody else, of which the start will tell when the other server is gone.
        log.warn({ err: error, address }, 'cannot listen beside the server that is replaced: after it');
      }
    }
    log.info({ replaced: pid }, 'asking the server that has the data directory to stop');
    try {
      process.kill(pid, 'SIGTERM');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
        replacement.close();
        throw new StartError(
          `process ${pid} has ${directory}, and this user may not stop it`,
          'start as the same user',
          error,
        );
      }
    }
    return replacement;
  }

  /**
   * Opens what the other server has until now, as soon as it lets go of it. How long that takes only that server knows (its `drain_time`): a new
   * one that went before it would leave nobody to serve.
   */
  async open<T>(work: () => Promise<T>): Promise<T> {
    let [seenAt, toldAt] = [performance.now(), performance.now()];
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof DataDirectoryError) || error.code !== 'LOCKED') throw error;
        const now = performance.now();
        const holder = dataDirectoryUser(this.#directory);
        if (holder === this.#replaced) seenAt = now;
        else if (holder !== undefined) throw this.#overtaken(holder, error);
        else if (now - seenAt > UNSEEN_MS) throw error;
        if (this.#givenUp) throw this.#stopped(error);
        if (now - toldAt > REMIND_MS) {
          toldAt = now;
          this.#log.warn(
            { replaced: this.#replaced },
            'still waiting for the server that is replaced to stop',
          );
        }
        await sleep(POLL_MS);
      }
    }
  }

  /** Whoever waits in {@link open} waits no longer. */
  giveUp(): void {
    this.#givenUp = true;
  }

  #overtaken(holder: number, cause: DataDirectoryError): StartError {
    return new StartError(
      `process ${this.#replaced} has stopped as asked, but process ${holder} has taken ${this.#directory} first`,
      'that server serves now, if it is another `dfs start --replace`; start this one again to replace it',
      cause,
    );
  }

  #stopped(cause: DataDirectoryError): StartError {
    return new StartError(
      `asked to stop while process ${this.#replaced} still had ${this.#directory}`,
      'that server was asked to stop, and ends when its requests are answered',
      cause,
    );
  }

  /** What to listen on for an address. */
  listener(address: ListenAddress): ListenAddress | WaitingListener {
    return this.#listeners.get(address) ?? address;
  }

  /** Lets go of the addresses, where the start has failed. */
  close(): void {
    for (const listener of this.#listeners.values()) listener.close();
  }
}
