import {
  type ClientOp,
  NfsStatusError,
  type RpcConnection,
  RpcError,
  type SessionReply,
  type SessionRequest,
  type Stateid,
  type StateOwner,
  Status,
} from '../../packages/nfs/src/client/index.ts';
import type { Random } from '../trunking/random.ts';
import type { Caller } from './caller.ts';
import { Tree } from './model.ts';
import type { Step } from './steps/step.ts';
import { nextStep } from './steps.ts';
import type { World } from './world.ts';

/** A file that the lane has open. */
export interface HeldOpen {
  readonly id: number;
  stateid: Stateid;
  readonly owner: StateOwner;
  readonly deny: number;
  lockStateid: Stateid | undefined;
  /** Ranges, by number. */
  readonly held: Set<number>;
}

/** After a step: some requests are to be sent again that were answered. */
const REST = 0.01;

type Request = SessionRequest<readonly ClientOp[]>;
type Reply = SessionReply<readonly ClientOp[]>;

/** A step as it went. */
export interface Done {
  readonly step: Step;
  /** By the world's count of what was sent and answered. */
  readonly sentAt: number;
  /** Undefined where no answer came. */
  answeredAt: number | undefined;
}

/** One slot of a client's session, which works alone in a folder of its own: one request after the other. */
export class Lane {
  readonly world: World;
  readonly caller: Caller;
  readonly name: string;
  readonly slot: number;
  root: Buffer = Buffer.alloc(0);
  /** With all that was answered. */
  tree = new Tree();
  /** As it was when the server started, and what was done since. */
  base = new Tree();
  done: Done[] = [];
  readonly handles = new Map<number, Buffer>();
  opens: HeldOpen[] = [];
  /** What must not be taken any more. */
  closed: Stateid[] = [];
  #owners = 0;
  #request: Request | undefined;
  /** To the last request, where one came. */
  #reply: Reply | undefined;

  constructor(world: World, caller: Caller, slot: number) {
    this.world = world;
    this.caller = caller;
    this.slot = slot;
    this.name = `${caller.name}${slot}`;
  }

  openOwner(): StateOwner {
    return { clientId: this.caller.client.clientId, owner: Buffer.from(`${this.name}-${this.#owners++}`) };
  }

  lockOwner(): StateOwner {
    return { clientId: this.caller.client.clientId, owner: Buffer.from(`${this.name}-locks`) };
  }

  /** The step that no answer came to. */
  get inFlight(): Done | undefined {
    const last = this.done.at(-1);
    return last !== undefined && last.answeredAt === undefined ? last : undefined;
  }

  /** What it does now begins a new history. */
  begin(): void {
    this.base = this.tree.clone();
    this.done = [];
  }

  /** Works until the server is gone, or rests. */
  async work(random: Random): Promise<void> {
    while (this.inFlight === undefined && !random.chance(REST)) await this.#one(random);
  }

  async #one(random: Random): Promise<void> {
    const { session } = this.caller;
    this.forgetRequest();
    const step = nextStep(this, random);
    this.#request = await session.prepare(step.ops, { slot: this.slot, cacheThis: true });
    const done: Done = { step, sentAt: this.world.tick(), answeredAt: undefined };
    this.done.push(done);
    try {
      const reply = await this.#request.send(random.pick(this.caller.connections)!);
      this.#take(done, reply);
    } catch (error) {
      if (!(error instanceof RpcError && error.code === 'RPC_CLOSED')) throw error;
    }
  }

  #take(done: Done, reply: Reply): void {
    this.#reply = reply;
    if (reply.status !== Status.OK) throw this.#refused(done.step, reply);
    done.answeredAt = this.world.tick();
    done.step.ran(reply.values());
    done.step.apply(this.tree);
  }

  #refused(step: Step, reply: Reply): Error {
    try {
      reply.values();
    } catch (error) {
      if (error instanceof NfsStatusError)
        return this.world.violation(`${this.name}: ${step.what}: ${error.message}`);
      throw error;
    }
    return this.world.violation(`${this.name}: ${step.what}: nothing is wrong`);
  }

  /**
   * Sends the last request again, twice: what was answered is answered in the same words, what was not runs now unless it has. Yields
   * whether there was one.
   */
  async again(connection: RpcConnection): Promise<boolean> {
    const request = this.#request;
    const last = this.done.at(-1);
    if (request === undefined || last === undefined) return false;
    const before = this.#reply;
    for (let turn = 0; turn < 2; turn++) {
      const reply = await request.send(connection);
      if (last.answeredAt === undefined) this.#take(last, reply);
      else
        this.world.check(
          this.#reply?.raw.equals(reply.raw) === true,
          `${this.name}: ${last.step.what}, sent again, has another answer (${reply.status})`,
        );
    }
    return before === undefined;
  }

  /** The slot is free again. */
  forgetRequest(): void {
    this.#request?.release();
    this.#request = undefined;
    this.#reply = undefined;
  }
}
