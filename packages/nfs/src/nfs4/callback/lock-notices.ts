import { CbOp, Status } from '../constants/index.ts';
import type { Engine } from '../engine.ts';
import type { LockWaiter } from '../state/locks.ts';

/** The client is busy: Linux is while it binds its connections, and that is when those of an earlier run are told. */
const BUSY_RETRY_MS = 100;
const BUSY_TRIES = 100;

/**
 * Tells those who wait for a byte range that it may be had now (CB_NOTIFY_LOCK, RFC 8881 §20.11). Once to each: who does not answer asks again by
 * itself; who is busy is asked again. As long as no connection carries callbacks to the client, which is so after a restart until it binds one, its waiters stay.
 */
export class LockNotices {
  readonly #engine: Pick<Engine, 'state' | 'callbacks' | 'namespace'>;
  readonly #underWay = new Set<LockWaiter>();

  constructor(engine: Pick<Engine, 'state' | 'callbacks' | 'namespace'>) {
    this.#engine = engine;
  }

  start(waiter: LockWaiter): void {
    if (!this.#underWay.has(waiter)) void this.#tell(waiter);
  }

  async #tell(waiter: LockWaiter): Promise<void> {
    const { state, callbacks } = this.#engine;
    const { client } = waiter;
    this.#underWay.add(waiter);
    try {
      // The reply to what made it possible goes first: it may be the one to BIND_CONN_TO_SESSION.
      await null;
      for (let busy = 0; waiter.told; ) {
        const { turn } = waiter;
        const hadWay = callbacks.hasWay(client);
        const status = await this.#send(waiter);
        // It has asked again meanwhile, and been refused: what it was told may have been before that.
        if (turn !== waiter.turn) continue;
        if (status === Status.DELAY && ++busy < BUSY_TRIES) {
          await pause(BUSY_RETRY_MS);
          continue;
        }
        const hasWay = callbacks.hasWay(client);
        if (status === undefined && !hasWay) return;
        if (status !== undefined || hadWay) state.locks.heard(waiter);
      }
    } finally {
      this.#underWay.delete(waiter);
    }
  }

  #send({ client, file, owner }: LockWaiter): Promise<Status | undefined> {
    const { callbacks, namespace } = this.#engine;
    return callbacks.send(client, CbOp.NOTIFY_LOCK, (out) => {
      namespace.writeHandle(out, file.export, file.node);
      out.u32(client.instance).u32(client.number).opaque(owner);
    });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
