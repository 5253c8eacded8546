import type { ListenAddress } from '@dfs/nfs';
import { WaitingListener } from '@dfs/nfs/listener';

/**
 * Listens before the server's code is loaded and its data opened. Until then connections wait: Linux, once refused, waits 3 s before it tries again, and
 * twice as long each time after.
 */
export class EarlyListeners {
  readonly #listeners = new Map<ListenAddress, WaitingListener>();

  private constructor() {}

  /** Where an address cannot be had, the start says so when its turn comes. */
  static async on(addresses: readonly ListenAddress[]): Promise<EarlyListeners> {
    const early = new EarlyListeners();
    for (const address of addresses) {
      if (address.port === 0) continue;
      try {
        early.#listeners.set(address, await WaitingListener.open(address));
      } catch {
        // The start tries again, and tells.
      }
    }
    return early;
  }

  /** The one for this address, which is whose it is taken by then. */
  take(address: ListenAddress): WaitingListener | undefined {
    const listener = this.#listeners.get(address);
    this.#listeners.delete(address);
    return listener;
  }

  /** Lets go of those that nobody took. */
  close(): void {
    for (const listener of this.#listeners.values()) listener.close();
    this.#listeners.clear();
  }
}
