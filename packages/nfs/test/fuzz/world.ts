import {
  authSys,
  CallbackService,
  type CbRecall,
  type ClientOp,
  type CompoundOptions,
  DEFAULT_BACK,
  DEFAULT_FORE,
  decodeCompound,
  encodeCall,
  encodeCompound,
  NFS_PROGRAM,
  NFS_VERSION,
  nextXid,
  ops,
  Procedure,
  type Results,
  RpcError,
  toFragments,
} from '../../src/client/index.ts';
import type { EngineEvent } from '../../src/contracts.ts';
import { createEngine } from '../../src/create-server.ts';
import type { Engine } from '../../src/nfs4/engine.ts';
import { NfsService } from '../../src/nfs4/service.ts';
import type { Connection } from '../../src/nfs4/state/connections.ts';
import { CredentialCache } from '../../src/rpc/auth.ts';
import { RpcCallError, RpcConnection } from '../../src/rpc/connection.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';
import { LoopbackPeer } from './loopback.ts';

/** An answer later than this is a hang. */
export const ANSWER_MS = 5_000;
/** One recall in so many is accepted and not obeyed. */
const KEEP_EVERY = 40;
const CREDENTIAL = authSys({ uid: 0, gid: 0 });

/** What went wrong, with the input that did it. */
export class Finding extends Error {
  readonly input: Buffer;

  constructor(message: string, input: Buffer, cause?: unknown) {
    super(`${message}\ninput: ${input.subarray(0, 2048).toString('hex')}`, { cause });
    this.name = 'Finding';
    this.input = input;
  }
}

/** An engine with a memory file system and in-process connections: no sockets, no waiting. */
export class World {
  readonly engine: Engine;
  readonly minor: 1 | 2;
  readonly callbacks = new CallbackService();
  readonly fileSystem: MemoryFileSystem;
  readonly #service: NfsService;
  readonly #sockets: Map<number, RpcConnection>;
  readonly #faults: EngineEvent[];
  readonly #peers = new Set<LoopbackPeer>();
  #nextId = 1;
  peer: LoopbackPeer;
  /** For what is no request of a session. */
  stray: LoopbackPeer;

  private constructor(
    engine: Engine,
    fileSystem: MemoryFileSystem,
    sockets: Map<number, RpcConnection>,
    faults: EngineEvent[],
    minor: 1 | 2,
  ) {
    this.engine = engine;
    this.fileSystem = fileSystem;
    this.minor = minor;
    this.#sockets = sockets;
    this.#faults = faults;
    this.#service = new NfsService(engine);
    this.peer = this.connect();
    this.stray = this.connect();
  }

  static async make(minor: 1 | 2): Promise<World> {
    const fileSystem = new MemoryFileSystem({ capacity: 64 * 1024 * 1024 });
    const sockets = new Map<number, RpcConnection>();
    const faults: EngineEvent[] = [];
    const engine = await createEngine(
      {
        shares: [
          { id: 1, path: '/export', fileSystem: fileSystem as FileSystem, squash: 'none' },
          { id: 2, path: '/other/deep', fileSystem: new MemoryFileSystem() as FileSystem, readOnly: true },
        ],
        leaseTime: 3600,
        limits: { maxOpensPerClient: 500, maxLocksPerClient: 500, maxOwnersPerClient: 500 },
        onEvent: (event) => {
          if (event.type === 'fault') faults.push(event);
        },
      },
      {
        call(connection, target, timeoutMs, write) {
          const rpc = sockets.get(connection.id);
          if (rpc === undefined) return Promise.reject(new RpcCallError('RPC_CLOSED', 'connection closed'));
          return rpc.call(target, timeoutMs, write);
        },
      },
    );
    return new World(engine, fileSystem, sockets, faults, minor);
  }

  /** One more connection. */
  connect(): LoopbackPeer {
    const peer = new LoopbackPeer();
    peer.onCall = this.callbacks.handle;
    this.#peers.add(peer);
    peer.socket.on('close', () => this.#peers.delete(peer));
    const { state, limits } = this.engine;
    const address = { address: '127.0.0.1', port: 1000 + this.#nextId };
    const connection: Connection = state.connections.open(address, { address: '127.0.0.1', port: 2049 });
    const auth = new CredentialCache();
    const bounds = {
      maxRecord: limits.maxWriteSize + limits.recordOverhead,
      maxFragments: limits.maxFragments,
      maxOutputBuffer: limits.maxOutputBuffer,
      maxRequestsInFlight: limits.maxRequestsInFlight,
    };
    const rpc = new RpcConnection(connection.id, peer.socket.asSocket(), bounds, {
      onCall: (from, xid, reader, bytes) => this.#service.call(from, connection, auth, xid, reader, bytes),
      onBytes: () => this.#service.heard(connection),
      onClose: (_closed, reason) => {
        this.#sockets.delete(connection.id);
        state.connections.close(connection, reason);
      },
    });
    this.#sockets.set(connection.id, rpc);
    this.#nextId++;
    return peer;
  }

  /** Ends every connection and every client: recalls go on for as long as somebody holds a delegation. */
  close(): void {
    const { state } = this.engine;
    for (const client of [...state.clients]) state.removeClient(client, 'destroyed');
    for (const peer of this.#peers) peer.socket.destroy();
  }

  /** Throws a {@link Finding} where the engine has caught something that should not have been thrown. */
  check(input: Buffer): void {
    const fault = this.#faults.shift();
    if (fault?.type !== 'fault') return;
    this.#faults.length = 0;
    throw new Finding(`fault in ${fault.operation}: ${describe(fault.error)}`, input, fault.error);
  }

  /** A COMPOUND of a client that behaves. */
  async compound<const Ops extends readonly ClientOp[]>(list: Ops, options: CompoundOptions = {}) {
    if (!this.peer.open) this.peer = this.connect();
    const { peer } = this;
    const xid = nextXid();
    const body = encodeCompound(list, { minor: this.minor, ...options });
    const header = { xid, program: NFS_PROGRAM, version: NFS_VERSION, procedure: Procedure.COMPOUND };
    const record = encodeCall({ ...header, credential: CREDENTIAL }, body);
    peer.replies.length = 0;
    peer.send(toFragments(record));
    const end = performance.now() + ANSWER_MS;
    for (;;) {
      const reply = peer.replies.find((each) => each.xid === xid);
      if (reply !== undefined) {
        this.check(record);
        if (reply.outcome instanceof RpcError) throw reply.outcome;
        return decodeCompound(reply.outcome, list);
      }
      if (!peer.open || performance.now() > end)
        throw new Finding('a proper request was not answered', record);
      peer.replies.length = 0;
      await peer.settled(ANSWER_MS);
    }
  }

  async run<const Ops extends readonly ClientOp[]>(list: Ops): Promise<Results<Ops>> {
    return (await this.compound(list)).values();
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** A session of a client in the world, on its slots in turn. */
export class WorldSession {
  readonly world: World;
  readonly id: Buffer;
  readonly owner: string;
  readonly clientId: bigint;
  readonly slots: number;
  #sequences: number[];
  #side: LoopbackPeer | undefined;
  #recalls = 0;

  private constructor(world: World, id: Buffer, owner: string, clientId: bigint, slots: number) {
    this.owner = owner;
    this.world = world;
    this.id = id;
    this.clientId = clientId;
    this.slots = slots;
    this.#sequences = Array.from({ length: slots + 1 }, () => 0);
  }

  static async make(world: World, owner: string, backChannel: boolean): Promise<WorldSession> {
    const identity = { ownerId: Buffer.from(owner), verifier: Buffer.alloc(8, 1) };
    const [id] = await world.run([ops.exchangeId(identity)]);
    const args = {
      clientId: id.clientId,
      sequence: id.sequenceId,
      flags: backChannel ? 2 : 0,
      fore: { ...DEFAULT_FORE, maxRequests: 8 },
      back: DEFAULT_BACK,
      callbackProgram: world.callbacks.program,
      security: [{ flavor: 1, credential: { uid: 0, gid: 0 } }] as const,
    };
    const [made] = await world.run([ops.createSession(args)]);
    const session = new WorldSession(world, made.sessionId, owner, id.clientId, made.fore.maxRequests - 1);
    world.callbacks.addSession(made.sessionId, made.back.maxRequests, {
      recall: (args) => session.#giveBack(args),
    });
    await session.compound([ops.reclaimComplete()]);
    return session;
  }

  /** A SEQUENCE that is due on the slot. */
  next(slot: number, cacheThis = false): ClientOp {
    const sequence = ++this.#sequences[slot]!;
    return ops.sequence({ sessionId: this.id, sequence, slot, highestSlot: this.slots, cacheThis });
  }

  /** DELEGRETURN on the last slot, which nobody else uses, over a connection of its own. Now and then one is kept, and others have to wait. */
  #giveBack({ handle, stateid }: CbRecall): void {
    if (this.#recalls++ % KEEP_EVERY === KEEP_EVERY - 1) return;
    const list = [this.next(this.slots), ops.putfh(handle), ops.delegreturn(stateid)];
    const header = {
      xid: nextXid(),
      program: NFS_PROGRAM,
      version: NFS_VERSION,
      procedure: Procedure.COMPOUND,
    };
    const body = encodeCompound(list, { minor: this.world.minor });
    this.#side ??= this.world.connect();
    this.#side.send(toFragments(encodeCall({ ...header, credential: CREDENTIAL }, body)));
    this.#side.replies.length = 0;
  }

  async compound<const Ops extends readonly ClientOp[]>(list: Ops) {
    const reply = await this.world.compound([this.next(0), ...list]);
    return { status: reply.status, results: reply.results.slice(1) };
  }
}
