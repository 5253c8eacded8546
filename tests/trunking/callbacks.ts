import { type CallbackCall, CbOp, type CbSequence, Status } from '../../packages/nfs/src/client/index.ts';
import { Random } from './random.ts';
import type { World } from './world.ts';

interface BackSlot {
  sequence: number;
  /** What the call with that sequence id was. */
  what: string;
}

/** Looks at every callback of a history, and answers it as its client does: mostly well. */
export class CallbackWatch {
  readonly #world: World;
  readonly #slots = new Map<string, BackSlot>();
  /** One in so many callbacks is let down. */
  trouble = 0;
  random = new Random(0);

  constructor(world: World) {
    this.#world = world;
    world.callbacks.handlers = {
      intercept: (call) => this.#intercept(call),
      recall: (args) => {
        for (const delegation of world.ledger.delegated)
          if (delegation.stateid.c === args.stateid.c) delegation.recalled = true;
        return Status.OK;
      },
    };
  }

  /** What a call is, in a word that two of them share only where one is the other again. */
  #describe(call: CallbackCall): string {
    return JSON.stringify(call.ops.slice(1), (_, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
  }

  #intercept(call: CallbackCall): 'drop' | undefined {
    const world = this.#world;
    world.counts.callbacks++;
    const first = call.ops[0];
    if (first?.op !== CbOp.SEQUENCE) {
      if (call.ops.length > 0) this.#wrong('a callback without CB_SEQUENCE');
      return undefined;
    }
    this.#checkChannel(first, call);
    if (this.trouble > 0 && this.random.chance(this.trouble)) {
      if (this.random.chance(0.5)) call.connection.reset();
      return 'drop';
    }
    this.#checkSlot(first, call);
    return undefined;
  }

  #wrong(message: string): void {
    try {
      this.#world.fail(message);
    } catch {
      // Noted; the server waits for an answer that it need not get.
    }
  }

  /** Over a connection that the client has offered as a back channel of this session, and no other. */
  #checkChannel(first: CbSequence, call: CallbackCall): void {
    const held = this.#world.sessionNamed(first.sessionId.toString('hex'));
    if (held === undefined || held.over) return;
    const link = this.#world.linkAt(call.connection.socket.localPort ?? 0);
    if (link === undefined || link.rpc !== call.connection) return;
    const directions = link.maybe.get(held);
    if (directions?.has('back') || directions?.has('both')) return;
    this.#wrong('a callback on a connection that is no back channel of its session');
  }

  /** What has the sequence id of the slot's last call is that call again: another one would get its reply. */
  #checkSlot(first: CbSequence, call: CallbackCall): void {
    const key = `${first.sessionId.toString('hex')} ${first.slot}`;
    const what = this.#describe(call);
    const slot = this.#slots.get(key);
    const before = slot?.sequence ?? 0;
    if (first.sequence === before && slot !== undefined) {
      if (slot.what !== what)
        this.#wrong(`callback slot ${first.slot}: another call with sequence id ${before}`);
      return;
    }
    // After a call whose fate it cannot know the server may try the one behind first; its client says that it is out of order.
    if (first.sequence !== before + 1) return;
    this.#slots.set(key, { sequence: first.sequence, what });
  }
}
