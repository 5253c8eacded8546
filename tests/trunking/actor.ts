import {
  NfsClient,
  ops,
  type RpcConnection,
  RpcError,
  type Session,
  Status,
  statusName,
} from '../../packages/nfs/src/client/index.ts';
import { BindFromClient, bindDirectionOf, type Direction, directionsOf } from './directions.ts';
import { perform } from './perform.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

const OWNER_BYTES = 16;
const VERIFIER_BYTES = 8;
const MAX_SESSIONS = 3;
const START_TRIES = 200;

/** A connection, and what the client can know of its bindings. */
export class Link {
  readonly rpc: RpcConnection;
  readonly port: number;
  /** Directions that it may be bound in, by session: whatever was asked for and not refused for certain. */
  readonly maybe = new Map<Held, Set<Direction>>();
  /** Directions that the server has confirmed. */
  readonly known = new Map<Held, Direction>();
  /** Sessions with a BIND under way. */
  readonly binding = new Set<Held>();

  constructor(rpc: RpcConnection) {
    this.rpc = rpc;
    this.port = rpc.socket.localPort ?? 0;
  }

  get open(): boolean {
    return this.rpc.isOpen;
  }

  may(held: Held, directions: readonly Direction[]): void {
    const set = this.maybe.get(held) ?? new Set();
    for (const direction of directions) set.add(direction);
    this.maybe.set(held, set);
  }

  /** Bound for callbacks alone, for all that is known. */
  backOnly(held: Held): boolean {
    return this.known.get(held) === 'back';
  }
}

/** A session, as long as its client wants it. */
export class Held {
  readonly actor: Actor;
  readonly session: Session;
  /** Somebody has set out to end it: NFS4ERR_BADSESSION is no surprise. */
  ending = false;
  /** It is known to be gone, or its client has forgotten it. */
  over = false;

  constructor(actor: Actor, session: Session) {
    this.actor = actor;
    this.session = session;
  }

  get name(): string {
    return this.session.id.toString('hex');
  }

  end(): void {
    this.ending = true;
    this.over = true;
    this.session.client.callbacks.removeSession(this.session.id);
  }
}

/** One client of a history: it crashes, reconnects, and goes on under the same owner. */
export class Actor {
  readonly world: World;
  readonly index: number;
  readonly ownerId: Buffer;
  client: NfsClient;
  links: Link[] = [];
  held: Held[] = [];
  /** Counts its lives: what an earlier one had open is gone. */
  life = 0;
  starting = false;
  /** The server's record of it was ended from outside. */
  evicted = false;
  /** It has a session, and has said that it reclaims nothing. */
  #complete = false;

  constructor(world: World, index: number, random: Random) {
    this.world = world;
    this.index = index;
    this.ownerId = random.bytes(OWNER_BYTES);
    this.client = this.#newClient(random);
  }

  get name(): string {
    return `client ${this.index}`;
  }

  #newClient(random: Random): NfsClient {
    const { world } = this;
    const client = new NfsClient({
      port: 0,
      minor: world.minor,
      ownerId: this.ownerId,
      verifier: random.bytes(VERIFIER_BYTES),
      callbacks: world.callbacks,
    });
    // The library opens connections by itself where it has none: they must come from the backend, too.
    client.newConnection = async () => (await this.connect()).rpc;
    return client;
  }

  get ready(): boolean {
    return !this.starting && this.#complete && this.live.length > 0;
  }

  get live(): Held[] {
    return this.held.filter((held) => !held.over);
  }

  get open(): Link[] {
    this.links = this.links.filter((link) => link.open);
    return this.links;
  }

  async connect(): Promise<Link> {
    const rpc = await this.world.backend.connect({
      credential: this.world.credential,
      onCall: this.world.callbacks.handle,
    });
    const link = new Link(rpc);
    this.links.push(link);
    this.world.noteLink(link);
    return link;
  }

  /** EXCHANGE_ID and a session, again and again until they get through. */
  async start(random: Random): Promise<void> {
    if (this.starting) return;
    this.starting = true;
    try {
      for (let tries = 0; !this.#complete || this.live.length === 0; tries++) {
        if (tries > START_TRIES) this.world.fail(`${this.name} cannot get a session`);
        if (this.world.failed) return;
        const ready = await this.#tryStart(random);
        if (!ready) await this.world.pause();
      }
    } finally {
      this.starting = false;
    }
  }

  async #tryStart(random: Random): Promise<boolean> {
    const known = this.live[0];
    if (known !== undefined) return this.#reclaimed(known, random);
    const link = random.pick(this.open) ?? (await this.connect());
    try {
      const { client } = this;
      await client.exchangeId({}, { connection: link.rpc });
      this.evicted = false;
      const held = await this.addSession(link, true);
      if (held === undefined) return false;
      return await this.#reclaimed(held, random);
    } catch (error) {
      if (error instanceof RpcError && error.code === 'RPC_CLOSED') return false;
      throw error;
    }
  }

  /** RECLAIM_COMPLETE: until then it may open nothing. */
  async #reclaimed(held: Held, random: Random): Promise<boolean> {
    const { life } = this;
    const reply = await perform(held, [ops.reclaimComplete()], random);
    const done = reply?.status === Status.OK || reply?.status === Status.COMPLETE_ALREADY;
    if (done && this.life === life) this.#complete = true;
    return done;
  }

  /** CREATE_SESSION over this link; undefined where the link went, or the client may not have another. */
  async addSession(link: Link, back: boolean): Promise<Held | undefined> {
    const { client, world } = this;
    if (this.live.length >= MAX_SESSIONS) return undefined;
    const life = this.life;
    const args = client.sessionArgs({ flags: back ? world.backFlag : 0 });
    const sequence = client.sequenceId;
    const reply = await client.compound([ops.createSession(args)], { connection: link.rpc });
    if (life !== this.life || client !== this.client) return undefined;
    if (reply.status === Status.STALE_CLIENTID && (this.evicted || world.longTime)) return undefined;
    if (reply.status === Status.SEQ_MISORDERED || reply.status === Status.DELAY) return undefined;
    if (reply.status !== Status.OK) world.fail(`CREATE_SESSION answered ${statusName(reply.status)}`);
    const [created] = reply.values();
    if (client.sequenceId === sequence) client.sequenceId = (created.sequence + 1) >>> 0;
    const session = world.makeSession(client, created, link.rpc);
    const held = new Held(this, session);
    const direction: Direction = (created.flags & world.backFlag) !== 0 ? 'both' : 'fore';
    link.may(held, [direction]);
    link.known.set(held, direction);
    this.held = [...this.live, held];
    world.noteSession(held);
    return held;
  }

  /** All is lost, and it comes back as another instance of itself. */
  crash(random: Random): void {
    for (const link of this.links) link.rpc.reset();
    this.links = [];
    this.forget();
    this.client = this.#newClient(random);
  }

  hangUp(): void {
    for (const link of this.links) link.rpc.socket.destroy();
  }

  /** It does nothing any more, and leaves all that it has as it is. */
  fallSilent(): void {
    this.life++;
    for (const held of this.live) {
      held.ending = true;
      held.over = true;
    }
    this.world.ledger.lost(this);
  }

  /** Its sessions and all that hung on them are gone. */
  forget(): void {
    this.life++;
    this.#complete = false;
    for (const held of this.held) held.end();
    this.held = [];
    this.world.ledger.lost(this);
  }

  /** A link that may carry requests of the session: now and then somebody else's, a new one where there is none. */
  async carrier(held: Held, random: Random, avoid: ReadonlySet<Link>): Promise<Link> {
    const foreign = random.chance(FOREIGN);
    const from = foreign ? this.world.everyone.flatMap((actor) => actor.open) : this.open;
    const fit = from.filter((link) => !link.backOnly(held) && !avoid.has(link));
    const link = random.pick(fit) ?? (await this.connect());
    link.may(held, ['fore']);
    return link;
  }

  /** BIND_CONN_TO_SESSION, held against the rules. */
  async bind(link: Link, held: Held, asked: number): Promise<void> {
    if (link.binding.has(held)) return;
    const { world } = this;
    link.binding.add(held);
    const wantsBack = (held.session.flags & world.backFlag) !== 0;
    const possible = directionsOf(asked, wantsBack);
    const before = link.known.get(held);
    const unsure = !link.known.has(held) && link.maybe.has(held);
    link.may(held, possible);
    try {
      const full = world.mayBeFull(held);
      const reply = await held.session.client.compound([ops.bindConnToSession(held.session.id, asked)], {
        connection: link.rpc,
      });
      if (reply.status === Status.OK) {
        const direction = bindDirectionOf(reply.values()[0].direction);
        // At the limit a connection is taken for its requests alone, and without a binding.
        const guest =
          direction === 'fore' && asked === BindFromClient.FORE_OR_BOTH && (full || world.mayBeFull(held));
        world.check(guest || possible.includes(direction), `BIND for ${asked} granted ${direction}`);
        if (guest) {
          link.may(held, ['fore']);
          link.known.delete(held);
          return;
        }
        const legal =
          world.unsettled(held) ||
          before === undefined ||
          before === direction ||
          changes(before, direction, asked);
        world.check(legal, `BIND for ${asked} changed ${before} to ${direction}`);
        link.known.set(held, direction);
        return;
      }
      const excused =
        (reply.status === Status.BADSESSION && held.ending) ||
        full ||
        world.mayBeFull(held) ||
        (reply.status === Status.INVAL && (unsure || before !== undefined || possible.length === 0)) ||
        (reply.status === Status.INVAL && asked === BindFromClient.BACK);
      world.check(
        excused,
        `BIND for ${asked} of a ${before ?? 'new'} connection: ${statusName(reply.status)}`,
      );
      const same =
        before !== undefined && possible.includes(before) && !held.ending && !world.unsettled(held);
      world.check(
        !same || reply.status === Status.DELAY,
        `BIND for what is bound: ${statusName(reply.status)}`,
      );
    } catch (error) {
      if (!(error instanceof RpcError && error.code === 'RPC_CLOSED')) throw error;
    } finally {
      link.binding.delete(held);
    }
  }
}

const FOREIGN = 0.05;

function changes(before: Direction, after: Direction, asked: number): boolean {
  return before === 'fore' && after === 'both' && asked === BindFromClient.FORE_OR_BOTH;
}
