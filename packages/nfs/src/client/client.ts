import { randomBytes } from 'node:crypto';
import { CreateSessionFlag, VERIFIER_SIZE } from '../nfs4/constants/index.ts';
import { CallbackService } from './callback.ts';
import {
  type ClientOp,
  type CompoundOptions,
  type CompoundReply,
  decodeCompound,
  encodeCompound,
  NFS_PROGRAM,
  NFS_VERSION,
  Procedure,
  type Results,
} from './compound.ts';
import { RpcError } from './errors.ts';
import {
  type ChannelAttributes,
  type CreateSessionArgs,
  createSession,
  destroyClientId,
  type ExchangeIdArgs,
  type ExchangeIdResult,
  exchangeId,
} from './ops/session.ts';
import { type CallOptions, type ConnectOptions, RpcConnection } from './rpc-client.ts';
import { authSys, type RpcAuth } from './rpc-message.ts';
import { Session } from './session.ts';

export const DEFAULT_FORE: ChannelAttributes = {
  headerPad: 0,
  maxRequest: 1024 * 1024 + 4096,
  maxResponse: 1024 * 1024 + 4096,
  maxCached: 4096,
  maxOperations: 32,
  maxRequests: 32,
};

export const DEFAULT_BACK: ChannelAttributes = {
  headerPad: 0,
  maxRequest: 4096,
  maxResponse: 4096,
  maxCached: 4096,
  maxOperations: 8,
  maxRequests: 8,
};

/** AUTH_SYS as root of machine "test". */
export const ROOT_CREDENTIAL: RpcAuth = authSys({ uid: 0, gid: 0 });

export interface ClientOptions extends Omit<ConnectOptions, 'onCall'> {
  readonly minor?: 1 | 2;
  /** co_ownerid; random where absent. */
  readonly ownerId?: Uint8Array;
  /** co_verifier: another one is a client that started anew. Random where absent. */
  readonly verifier?: Uint8Array;
  readonly callbacks?: CallbackService;
}

/** What CREATE_SESSION asks for, where not the usual. */
export type CreateSessionOptions = Partial<CreateSessionArgs>;

export interface SessionlessOptions extends CompoundOptions, CallOptions {
  readonly connection?: RpcConnection;
}

const OWNER_BYTES = 16;

/** One NFSv4.1 client: an owner with its client id, its connections and its sessions. */
export class NfsClient {
  readonly options: ClientOptions;
  readonly minor: 1 | 2;
  readonly ownerId: Uint8Array;
  verifier: Uint8Array;
  readonly callbacks: CallbackService;
  /** Every connection it opened, closed ones too. */
  readonly connections: RpcConnection[] = [];
  /** Of the last EXCHANGE_ID. */
  clientId = 0n;
  /** csa_sequence of the next CREATE_SESSION. */
  sequenceId = 0;

  constructor(options: ClientOptions) {
    this.options = options;
    this.minor = options.minor ?? 1;
    this.ownerId = options.ownerId ?? randomBytes(OWNER_BYTES);
    this.verifier = options.verifier ?? randomBytes(VERIFIER_SIZE);
    this.callbacks = options.callbacks ?? new CallbackService();
  }

  /** Connects, makes a client id and a session, and ends the reclaim. */
  static async start(options: ClientOptions, session: CreateSessionOptions = {}): Promise<Session> {
    const client = new NfsClient(options);
    await client.exchangeId();
    const made = await client.createSession(session);
    await made.reclaimComplete();
    return made;
  }

  /** Opens a connection that takes callbacks. Binds it to nothing. */
  async newConnection(options: Partial<ConnectOptions> = {}): Promise<RpcConnection> {
    const connection = await RpcConnection.connect({
      credential: ROOT_CREDENTIAL,
      ...this.options,
      onCall: this.callbacks.handle,
      ...options,
    });
    this.connections.push(connection);
    return connection;
  }

  /** An open connection, a new one where there is none. */
  async connection(): Promise<RpcConnection> {
    return this.connections.find((connection) => connection.isOpen) ?? (await this.newConnection());
  }

  /** A COMPOUND outside of any session. */
  async compound<const Ops extends readonly ClientOp[]>(
    ops: Ops,
    options: SessionlessOptions = {},
  ): Promise<CompoundReply<Ops>> {
    const connection = options.connection ?? (await this.connection());
    const body = encodeCompound(ops, { minor: this.minor, ...options });
    const reader = await connection.call(NFS_PROGRAM, NFS_VERSION, Procedure.COMPOUND, body, options);
    return decodeCompound(reader, ops);
  }

  async run<const Ops extends readonly ClientOp[]>(
    ops: Ops,
    options: SessionlessOptions = {},
  ): Promise<Results<Ops>> {
    return (await this.compound(ops, options)).values();
  }

  /** NFSPROC4_NULL; rejects where its answer has a body. */
  async ping(connection?: RpcConnection): Promise<void> {
    const to = connection ?? (await this.connection());
    const reader = await to.call(NFS_PROGRAM, NFS_VERSION, Procedure.NULL, Buffer.alloc(0));
    if (reader.remaining > 0) throw new RpcError('RPC_MALFORMED', 'NULL answered with a body');
  }

  async exchangeId(
    args: Partial<ExchangeIdArgs> = {},
    options: SessionlessOptions = {},
  ): Promise<ExchangeIdResult> {
    const whole = { ownerId: this.ownerId, verifier: this.verifier, ...args };
    const [result] = await this.run([exchangeId(whole)], options);
    this.clientId = result.clientId;
    this.sequenceId = result.sequenceId;
    return result;
  }

  /** The arguments of CREATE_SESSION as this client sends them. */
  sessionArgs(args: CreateSessionOptions = {}): CreateSessionArgs {
    return {
      clientId: this.clientId,
      sequence: this.sequenceId,
      flags: CreateSessionFlag.CONN_BACK_CHAN,
      fore: DEFAULT_FORE,
      back: DEFAULT_BACK,
      callbackProgram: this.callbacks.program,
      security: [{ flavor: 1, credential: { uid: 0, gid: 0 } }],
      ...args,
    };
  }

  async createSession(args: CreateSessionOptions = {}, options: SessionlessOptions = {}): Promise<Session> {
    const connection = options.connection ?? (await this.connection());
    const [created] = await this.run([createSession(this.sessionArgs(args))], { ...options, connection });
    this.sequenceId = (created.sequence + 1) >>> 0;
    return new Session(this, created, connection);
  }

  async destroyClientId(): Promise<void> {
    await this.run([destroyClientId(this.clientId)]);
  }

  /** Closes every connection; what it holds at the server stays. */
  async close(): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.close()));
  }
}
