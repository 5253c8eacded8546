import { CbOp, Status } from '../constants/index.ts';
import type { Engine } from '../engine.ts';
import type { DelegationState } from '../state/delegations.ts';
import { writeStateid } from '../stateid.ts';

/** Between two tries to reach a client that has not returned what was recalled. */
const RETRY_MS = 1000;
/** The client knows nothing of the delegation yet (its OPEN's reply is still on the way), or is busy: asked again soon. */
const RACE_RETRY_MS = 100;

/**
 * Asks delegations back, each until it is returned, revoked or gone: over any connection of any session that the client has then, so that a recall
 * survives a lost connection and a new session (RFC 8881 §10.2.1, §20.2).
 */
export class Recalls {
  readonly #engine: Pick<Engine, 'state' | 'callbacks' | 'namespace'>;
  #stopped = false;

  constructor(engine: Pick<Engine, 'state' | 'callbacks' | 'namespace'>) {
    this.#engine = engine;
  }

  /** The server stops: nobody is asked any more. */
  stop(): void {
    this.#stopped = true;
  }

  /** Starts to recall; one that is under way already goes on as it is. */
  start(delegation: DelegationState): void {
    if (this.#engine.state.delegations.recall(delegation)) void this.#drive(delegation);
  }

  /** True once all have ended, false where that takes longer than `ms`. */
  ended(delegations: readonly DelegationState[], ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      let left = delegations.length;
      const timer = setTimeout(() => resolve(false), ms);
      for (const delegation of delegations) {
        delegation.whenEnded(() => {
          if (--left > 0) return;
          clearTimeout(timer);
          resolve(true);
        });
      }
    });
  }

  async #drive(delegation: DelegationState): Promise<void> {
    let over = false;
    delegation.whenEnded(() => {
      over = true;
    });
    while (!over && !this.#stopped) {
      const status = await this.#send(delegation);
      // Accepted: the client returns it, or its time runs out. No need to ask twice.
      if (over || status === Status.OK) return;
      await pause(status === undefined ? RETRY_MS : RACE_RETRY_MS);
    }
  }

  #send(delegation: DelegationState): Promise<Status | undefined> {
    const { state, callbacks, namespace } = this.#engine;
    return callbacks.send(delegation.client, CbOp.RECALL, (out) => {
      writeStateid(out, state.stateids.idOf(delegation));
      out.bool(false);
      namespace.writeHandle(out, delegation.file.export, delegation.file.node);
    });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
