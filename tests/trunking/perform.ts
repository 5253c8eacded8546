import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type ClientOp,
  RpcError,
  type SessionReply,
  type SessionRequest,
  Status,
  statusName,
} from '../../packages/nfs/src/client/index.ts';
import type { Held, Link } from './actor.ts';
import type { Random } from './random.ts';

const MAX_TRIES = 400;
const MAX_TURNS = 4;

/** What a client does to a request on its way. */
export type Style =
  /** Nothing. */
  | 'plain'
  /** The connection goes while the request or its reply is on the way; it comes again on another. */
  | 'lost'
  /** It is sent on two connections at once. */
  | 'twice'
  /** It is sent once more when the reply is there. */
  | 'again';

type Reply = SessionReply<readonly ClientOp[]>;

function closed(error: unknown): boolean {
  return error instanceof RpcError && error.code === 'RPC_CLOSED';
}

/** One request of a session, sent until there is a reply: on the same slot, over whatever connection there is. */
class Performance {
  readonly #held: Held;
  readonly #request: SessionRequest<readonly ClientOp[]>;
  readonly #random: Random;
  readonly #refusedOn = new Set<Link>();

  constructor(held: Held, request: SessionRequest<readonly ClientOp[]>, random: Random) {
    this.#held = held;
    this.#request = request;
    this.#random = random;
  }

  #carrier(): Promise<Link> {
    return this.#held.actor.carrier(this.#held, this.#random, this.#refusedOn);
  }

  /** The reply; undefined where the session ended before there was one. */
  async run(style: Style): Promise<Reply | undefined> {
    const { world } = this.#held.actor;
    let now = style;
    for (let tries = 0; ; tries++) {
      if (this.#held.over || world.failed) return undefined;
      world.check(tries < MAX_TRIES, `a request gets no reply in ${MAX_TRIES} tries`);
      const reply = await this.#send(now);
      if (now === 'lost') now = 'plain';
      if (reply === undefined) {
        await world.pause();
        continue;
      }
      if (reply.sequence?.status === Status.OK) {
        if (style === 'again') await this.#sendAgain(reply);
        return reply;
      }
      if (!(await this.#refused(reply))) return undefined;
    }
  }

  /** True where another try is due. */
  async #refused(reply: Reply): Promise<boolean> {
    const held = this.#held;
    const { world } = held.actor;
    switch (reply.status) {
      case Status.BADSESSION:
        world.check(held.ending, 'NFS4ERR_BADSESSION for a session that nobody has ended');
        held.over = true;
        return false;
      case Status.DELAY:
        await world.pause();
        return true;
      case Status.CONN_NOT_BOUND_TO_SESSION:
        await world.pause();
        return true;
      default:
        return world.fail(`SEQUENCE answered ${statusName(reply.status)}`);
    }
  }

  /** Undefined where the connection went first. */
  async #send(style: Style): Promise<Reply | undefined> {
    const link = await this.#carrier().catch(() => undefined);
    if (link === undefined) return undefined;
    const sent = this.#on(link);
    switch (style) {
      case 'plain':
      case 'again':
        return sent;
      case 'lost':
        for (let turn = this.#random.below(MAX_TURNS); turn > 0; turn--)
          await (this.#random.chance(0.5) ? Promise.resolve() : nextTurn());
        link.rpc.reset();
        return sent;
      case 'twice':
        return this.#both(sent, await this.#carrier().catch(() => undefined));
      default:
        return style satisfies never;
    }
  }

  async #both(first: Promise<Reply | undefined>, other: Link | undefined): Promise<Reply | undefined> {
    const [one, two] = await Promise.all([first, other === undefined ? undefined : this.#on(other)]);
    const good = [one, two].filter((reply) => reply?.sequence?.status === Status.OK);
    if (good.length < 2) return good[0] ?? one ?? two;
    this.#same(good[0]!, good[1]!);
    return good[0];
  }

  #same(one: Reply, two: Reply): void {
    const { world } = this.#held.actor;
    world.check(one.raw.equals(two.raw), 'one request, two different replies');
    world.counts.replays++;
  }

  async #sendAgain(first: Reply): Promise<void> {
    const { world } = this.#held.actor;
    const link = await this.#carrier().catch(() => undefined);
    const second = link === undefined ? undefined : await this.#on(link);
    if (second === undefined) return;
    if (second.sequence?.status === Status.OK) {
      this.#same(first, second);
      return;
    }
    await this.#refused(second);
    world.check(second.status !== Status.RETRY_UNCACHED_REP, 'a reply that was to be cached is not');
  }

  async #on(link: Link): Promise<Reply | undefined> {
    const { world } = this.#held.actor;
    world.counts.requests++;
    try {
      const reply = await this.#request.send(link.rpc);
      if (reply.status === Status.CONN_NOT_BOUND_TO_SESSION) {
        this.#refusedOn.add(link);
        const due =
          link.maybe.get(this.#held)?.has('back') || world.limit > 0 || world.backend.inside === undefined;
        world.check(due, 'NFS4ERR_CONN_NOT_BOUND_TO_SESSION on a connection that is no back channel');
      }
      return reply;
    } catch (error) {
      if (closed(error)) return undefined;
      throw error;
    }
  }
}

/** SEQUENCE and these operations, once for the server however often they are sent. Undefined where the session ended first. */
export async function perform(
  held: Held,
  ops: readonly ClientOp[],
  random: Random,
  style: Style = 'plain',
): Promise<Reply | undefined> {
  if (held.over) return undefined;
  using request = await held.session.prepare(ops, { cacheThis: true });
  return await new Performance(held, request, random).run(style);
}
