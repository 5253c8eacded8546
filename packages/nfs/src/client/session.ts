import { setTimeout as sleep } from 'node:timers/promises';
import { Attr, BindFromClient, Status } from '../nfs4/constants/index.ts';
import type { NfsClient } from './client.ts';
import type { ClientOp, Results } from './compound.ts';
import { NfsStatusError, RpcError } from './errors.ts';
import { getattr, putfh } from './ops/handle.ts';
import { delegreturn } from './ops/open.ts';
import {
  bindConnToSession,
  type ChannelAttributes,
  destroySession,
  reclaimComplete,
  type SequenceResult,
} from './ops/session.ts';
import type { RpcConnection } from './rpc-client.ts';
import { type RequestOptions, type SessionReply, SessionRequest } from './session-request.ts';
import { SlotTable } from './slots.ts';

const MAX_SENDS = 4;
const DELAY_RETRIES = 40;
const DELAY_MS = 25;

/**
 * A session over any number of connections (RFC 8881 §2.10). Requests go round over the open ones; a request whose connection goes is sent again
 * on another, on the same slot with the same sequence id, so that it runs once.
 */
export class Session {
  readonly client: NfsClient;
  readonly id: Buffer;
  readonly minor: 1 | 2;
  readonly flags: number;
  readonly fore: ChannelAttributes;
  readonly back: ChannelAttributes;
  readonly slots: SlotTable;
  /** Those it uses, in the order they came. */
  readonly connections: RpcConnection[];
  /** SEQ4_STATUS bits of the last reply. */
  statusFlags = 0;
  /** Which connection carries the next request: round robin where undefined. */
  choose: ((session: Session) => RpcConnection | undefined) | undefined;
  #turn = 0;

  constructor(
    client: NfsClient,
    created: { sessionId: Buffer; flags: number; fore: ChannelAttributes; back: ChannelAttributes },
    connection: RpcConnection,
    minor: 1 | 2 = client.minor,
  ) {
    this.client = client;
    this.id = created.sessionId;
    this.minor = minor;
    this.flags = created.flags;
    this.fore = created.fore;
    this.back = created.back;
    this.slots = new SlotTable(created.fore.maxRequests);
    this.connections = [connection];
    client.callbacks.addSession(this.id, created.back.maxRequests, {
      recallSlot: (target) => this.slots.setLimit(target + 1),
      recall: ({ handle, stateid }) => {
        // Not awaited: the answer to the callback comes first. Where it fails, the delegation is gone already, or the session.
        this.run([putfh(handle), delegreturn(stateid)]).catch(() => undefined);
      },
      getattr: async ({ handle }) => {
        const [, known] = await this.run([putfh(handle), getattr([Attr.CHANGE, Attr.SIZE])]);
        return known;
      },
    });
  }

  /** Opens one more connection and lets SEQUENCE bind it, or binds it explicitly in the direction given. */
  async addConnection(direction?: number): Promise<RpcConnection> {
    const connection = await this.client.newConnection();
    if (direction !== undefined) await this.bind(connection, direction);
    else this.connections.push(connection);
    return connection;
  }

  /** BIND_CONN_TO_SESSION; yields the direction that the server granted. */
  async bind(connection: RpcConnection, direction: number = BindFromClient.FORE_OR_BOTH): Promise<number> {
    const [bound] = await this.client.run([bindConnToSession(this.id, direction)], { connection });
    if (!this.connections.includes(connection)) this.connections.push(connection);
    return bound.direction;
  }

  noteSequence(result: SequenceResult): void {
    this.statusFlags = result.statusFlags;
    const limit = result.targetHighestSlot + 1;
    if (limit !== this.slots.limit) this.slots.setLimit(limit);
  }

  /** An open connection; a new one where all are gone. */
  async connection(): Promise<RpcConnection> {
    const chosen = this.choose?.(this);
    if (chosen !== undefined) return chosen;
    const open = this.connections.filter((connection) => connection.isOpen);
    this.connections.splice(0, this.connections.length, ...open);
    if (open.length === 0) return this.addConnection();
    return open[this.#turn++ % open.length]!;
  }

  /** Takes a slot for a request that the test sends itself, as often as it likes. */
  async prepare<const Ops extends readonly ClientOp[]>(
    ops: Ops,
    options: RequestOptions = {},
  ): Promise<SessionRequest<Ops>> {
    const foreign = options.sequence !== undefined || options.sessionId !== undefined;
    if (foreign) return new SessionRequest(this, ops, options, undefined);
    const lease = options.slot === undefined ? await this.slots.acquire() : this.slots.take(options.slot);
    return new SessionRequest(this, ops, options, lease);
  }

  /** SEQUENCE and these operations; whatever the status, it is in the reply. Rejects with RpcError alone. */
  async compound<const Ops extends readonly ClientOp[]>(
    ops: Ops,
    options: RequestOptions = {},
  ): Promise<SessionReply<Ops>> {
    using request = await this.prepare(ops, options);
    if (options.connection !== undefined) return await request.send(options.connection);
    for (let sends = 1; ; sends++) {
      try {
        return await request.send(await this.connection());
      } catch (error) {
        const lost = error instanceof RpcError && error.code === 'RPC_CLOSED';
        if (!lost || sends === MAX_SENDS) throw error;
      }
    }
  }

  /** Like compound, but yields the operations' values; rejects with NfsStatusError. Comes again after NFS4ERR_DELAY. */
  async run<const Ops extends readonly ClientOp[]>(
    ops: Ops,
    options: RequestOptions = {},
  ): Promise<Results<Ops>> {
    for (let tries = 0; ; tries++) {
      const reply = await this.compound(ops, options);
      if (reply.status !== Status.DELAY || tries === DELAY_RETRIES) return reply.values();
      await sleep(DELAY_MS);
    }
  }

  /** A lone SEQUENCE: renews the lease. Yields its result. */
  async renew(options: RequestOptions = {}): Promise<SequenceResult> {
    const reply = await this.compound([], options);
    if (reply.sequence?.status !== Status.OK) throw new NfsStatusError(reply.status, 0, 0, undefined);
    return reply.sequence.value as SequenceResult;
  }

  async reclaimComplete(): Promise<void> {
    await this.run([reclaimComplete()]);
  }

  /** DESTROY_SESSION, outside of the session. */
  async destroy(connection?: RpcConnection): Promise<void> {
    await this.client.run([destroySession(this.id)], { connection: connection ?? (await this.connection()) });
    this.client.callbacks.removeSession(this.id);
  }
}
