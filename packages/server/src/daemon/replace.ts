import { setTimeout as sleep } from 'node:timers/promises';
import { type ListenAddress, WaitingListener } from '@dfs/nfs';
import { DataDirectoryError, dataDirectoryUser } from '@dfs/storage';
import type { Logger } from './log.ts';
import { StartError } from './start-error.ts';

const POLL_MS = 5;
/** On top of what the other server gives its requests to end, which only that server knows. */
const PATIENCE_MS = 60_000;

/**
 * Takes the place of the server that has the data directory: listens beside it, so that no connection is refused, asks it to stop, and opens
 * the directory when it is free. Connections that come meanwhile wait.
 */
export class Replacement {
  readonly #listeners = new Map<ListenAddress, WaitingListener>();

  private constructor() {}

  /** Asks nobody where nobody has the directory. */
  static async of(
    directory: string,
    addresses: readonly ListenAddress[],
    log: Logger,
  ): Promise<Replacement | undefined> {
    const pid = dataDirectoryUser(directory);
    if (pid === undefined) return undefined;
    const replacement = new Replacement();
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

  /** Opens what the other server has until now, as soon as it lets go of it. */
  async open<T>(work: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const isLocked = error instanceof DataDirectoryError && error.code === 'LOCKED';
        if (!isLocked || performance.now() > deadline) throw error;
        await sleep(POLL_MS);
      }
    }
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
