import type { ListenAddress } from '@dfs/nfs';
import { WaitingListener } from '@dfs/nfs/listener';

/**
 * Listens before the server's code is loaded and its data opened. Until then connections wait: Linux, once refused, waits 3 s before it tries again, and
 * twice as long each time after.
 */
export class EarlyListeners {
  readonly #listeners = new Map<ListenAddress, WaitingListener>();

  readonly #failed = new Set<ListenAddress>();

  private constructor(addresses: readonly ListenAddress[]) {
    for (const address of addresses) if (address.port !== 0) this.#failed.add(address);
  }

  /** Whoever has an address may be about to let go of it: {@link retry} tells. */
  static async on(addresses: readonly ListenAddress[]): Promise<EarlyListeners> {
    const early = new EarlyListeners(addresses);
    await early.retry();
    return early;
  }

  /** Tries once more where it could not listen; yields the first that it still cannot, and why. */
  async retry(): Promise<readonly (readonly [address: ListenAddress, error: unknown])[]> {
    const errors: [ListenAddress, unknown][] = [];
    for (const address of this.#failed) {
      try {
        this.#listeners.set(address, await WaitingListener.open(address));
        this.#failed.delete(address);
      } catch (error) {
        errors.push([address, error]);
        // Of two that start at once the one without the first address takes none behind it: not each a part.
        break;
      }
    }
    return errors;
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
