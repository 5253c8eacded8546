import {
  CreateSessionFlag,
  LockType,
  NfsClient,
  OpenClaim,
  OpenWant,
  ops,
  type RpcConnection,
  type Session,
  ShareAccess,
  type Stateid,
  Status,
  UINT64_MAX,
} from '../../packages/nfs/src/client/index.ts';
import type { HeldOpen, Lane } from './lane.ts';
import { lockOp } from './steps/opens.ts';
import type { World } from './world.ts';

const CONNECTIONS = 2;
const TIMEOUT_MS = 60_000;

/** One NFS client with one session, and the connections that it has to the server that runs now. */
export class Caller {
  readonly world: World;
  readonly name: string;
  readonly client: NfsClient;
  connections: RpcConnection[] = [];
  #session: Session | undefined;

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
    this.client = new NfsClient({
      port: 0,
      timeoutMs: TIMEOUT_MS,
      ownerId: Buffer.from(`crash test, client ${name}`),
      verifier: Buffer.from('verifier'),
    });
  }

  get session(): Session {
    if (this.#session === undefined) throw new Error('no session yet');
    return this.#session;
  }

  /** Connects to the server that runs now. */
  async connect(): Promise<void> {
    Object.assign(this.client.options, { port: this.world.port });
    this.client.connections.length = 0;
    this.connections = [];
    for (let i = 0; i < CONNECTIONS; i++) this.connections.push(await this.client.newConnection());
    this.#session?.connections.splice(0, this.#session.connections.length, ...this.connections);
  }

  /** Makes a client id and a session with the server that runs now, as the one that it was. */
  async introduce(): Promise<void> {
    const flags = CreateSessionFlag.PERSIST | CreateSessionFlag.CONN_BACK_CHAN;
    await this.client.exchangeId();
    this.#session = await this.client.createSession({ flags });
    this.world.check((this.#session.flags & CreateSessionFlag.PERSIST) !== 0, 'PERSIST is not granted');
    this.#session.connections.splice(0, 1, ...this.connections);
  }

  /** The session is no more. */
  async expectBadSession(): Promise<void> {
    if (this.#session === undefined) return;
    const reply = await this.#session.compound([], {
      sessionId: this.#session.id,
      sequence: 1,
      connection: this.connections[0]!,
    });
    this.world.check(
      reply.status === Status.BADSESSION,
      `${this.name}: the session of before the loss of power: status ${reply.status}`,
    );
  }

  /** Yields a stateid, or the status that it was refused with. */
  async #reclaimOpen(lane: Lane, open: HeldOpen): Promise<Stateid | Status> {
    const { session } = this;
    const claim = { claim: OpenClaim.PREVIOUS, delegation: 0 } as const;
    const owner = { ...open.owner, clientId: this.client.clientId };
    const args = { access: ShareAccess.BOTH | OpenWant.NO_DELEG, deny: open.deny, owner, claim };
    const reply = await session.compound([ops.putfh(lane.handles.get(open.id)!), ops.open(args)]);
    return reply.status === Status.OK ? reply.values()[1].stateid : reply.status;
  }

  /** What the lane held, where it may: `isSafe`, where it must be able to. */
  async reclaim(lane: Lane, isSafe: boolean): Promise<void> {
    const { session, world } = this;
    const kept: HeldOpen[] = [];
    const named = new Set(lane.tree.names.values());
    for (const open of lane.opens) {
      const stateid = await this.#reclaimOpen(lane, open);
      if (typeof stateid === 'number') {
        const excused = !isSafe || !named.has(open.id);
        world.check(excused, `${lane.name}: reclaiming object ${open.id} was refused with ${stateid}`);
        continue;
      }
      const again: HeldOpen = {
        ...open,
        owner: { ...open.owner, clientId: this.client.clientId },
        stateid,
        lockStateid: undefined,
        held: new Set(),
      };
      kept.push(again);
      for (const index of open.held) {
        const lock = lockOp(again, lane, index, true);
        const [, lockStateid] = await session.run([ops.putfh(lane.handles.get(open.id)!), lock]);
        again.lockStateid = lockStateid;
        again.held.add(index);
      }
    }
    lane.opens = kept;
    lane.closed = [];
  }

  /** Unlocks and closes. */
  async close(lane: Lane, { id, stateid, lockStateid }: HeldOpen): Promise<void> {
    const file = ops.putfh(lane.handles.get(id)!);
    if (lockStateid !== undefined)
      await this.session.run([file, ops.locku(lockStateid, LockType.WRITE, 0, UINT64_MAX)]);
    await this.session.run([file, ops.close(stateid)]);
  }

  stopReading(): void {
    for (const connection of this.connections) connection.pause();
  }

  drop(): void {
    for (const connection of this.client.connections) connection.socket.destroy();
  }
}
