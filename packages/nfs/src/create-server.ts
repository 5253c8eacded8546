import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import type { EventListener } from './contracts.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { Callbacks, type CallbackTransport } from './nfs4/callback/callbacks.ts';
import { Recalls } from './nfs4/callback/recall.ts';
import type { Engine } from './nfs4/engine.ts';
import { Namespace } from './nfs4/exports.ts';
import { takeIdentity } from './nfs4/identity.ts';
import { Owners } from './nfs4/owners.ts';
import { NfsService } from './nfs4/service.ts';
import type { Connection } from './nfs4/state/connections.ts';
import { State } from './nfs4/state/state.ts';
import { CredentialCache } from './rpc/auth.ts';
import { RpcCallError, RpcConnection, type RpcLimits } from './rpc/connection.ts';
import type { ListenAddress, NfsServer, NfsServerOptions, ServerStats, Share } from './server.ts';
import { systemClock, systemRandomness } from './system.ts';

const DEFAULT_LEASE_SECONDS = 90;
const DEFAULT_CONNECTIONS_PER_SESSION = 16;
const DEFAULT_CALLBACK_SECONDS = 10;
const DEFAULT_DRAIN_MS = 5000;
const TICK_MS = 1000;
const STATEID_INSTANCE_BYTES = 4;

/** Makes a server; it takes no connection before `listen`. */
export async function createNfsServer(options: NfsServerOptions): Promise<NfsServer> {
  const sockets = new Map<number, RpcConnection>();
  const engine = await createEngine(options, socketTransport(sockets));
  return new TcpNfsServer(engine, sockets);
}

/** Callbacks go out on the sockets of those connections that are still there. */
function socketTransport(sockets: ReadonlyMap<number, RpcConnection>): CallbackTransport {
  return {
    call(connection, target, timeoutMs, write) {
      const rpc = sockets.get(connection.id);
      if (rpc === undefined) return Promise.reject(new RpcCallError('RPC_CLOSED', 'connection closed'));
      return rpc.call(target, timeoutMs, write);
    },
  };
}

/** Puts the engine together from its options: everything but the sockets. */
export async function createEngine(options: NfsServerOptions, transport: CallbackTransport): Promise<Engine> {
  const clock = options.clock ?? systemClock;
  const randomness = options.randomness ?? systemRandomness;
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const emit: EventListener = options.onEvent ?? (() => {});
  const store = options.stateStore;
  const records = new Map<string, Buffer>(store === undefined ? [] : await store.load());
  const { identity, put } = takeIdentity(records, randomness);
  for (const [key, value] of put) store?.put(key, value);
  await store?.stable();
  const leaseSeconds = options.leaseTime ?? DEFAULT_LEASE_SECONDS;
  const namespace = new Namespace(options.shares, clock.now());
  const callbacks = new Callbacks(transport);
  const state = new State({
    clock,
    randomness,
    limits,
    emit,
    store,
    // Without a store nothing counts the starts, and clients of an earlier one must not be taken for today's.
    instance: store === undefined ? randomness.bytes(4).readUInt32BE(0) : identity.instance,
    stateidInstance: Math.max(1, randomness.bytes(STATEID_INSTANCE_BYTES).readUInt32BE(0) >>> 1),
    leaseMs: leaseSeconds * 1000,
    graceMs: (options.gracePeriod ?? leaseSeconds) * 1000,
    notifyLock: (file, waiter) => callbacks.notifyLock(namespace, file, waiter),
  });
  state.grace.start(records);
  const recalls = new Recalls({ state, callbacks, namespace });
  const outcomes = new Map<number, number>();
  return {
    limits,
    settings: {
      maxConnectionsPerSession: DEFAULT_CONNECTIONS_PER_SESSION,
      leaseTime: leaseSeconds,
      gracePeriod: options.gracePeriod ?? leaseSeconds,
      delegationsEnabled: options.delegations ?? true,
      delegationRecallTimeout: options.delegationRecallTimeout ?? leaseSeconds,
      callbackTimeout: DEFAULT_CALLBACK_SECONDS,
      minMinorVersion: options.minMinorVersion ?? 1,
      maxMinorVersion: options.maxMinorVersion ?? 2,
      blockedOperations: [],
      limits: {},
    },
    clock,
    randomness,
    namespace,
    state,
    owners: new Owners(options.domain ?? 'localdomain', options.names),
    emit,
    minMinorVersion: options.minMinorVersion ?? 1,
    maxMinorVersion: options.maxMinorVersion ?? 2,
    blockedOperations: new Set(),
    identity,
    callbacks,
    recalls,
    observe: (op) => void outcomes.set(op, (outcomes.get(op) ?? 0) + 1),
  };
}

/** What happens once a second: leases and grace end, delegations not returned in time are revoked. */
function tick(engine: Engine): void {
  engine.state.tick();
  engine.state.delegations.revokeOverdue(engine.settings.delegationRecallTimeout * 1000);
}

class TcpNfsServer implements NfsServer {
  readonly #engine: Engine;
  readonly #service: NfsService;
  readonly #limits: RpcLimits;
  readonly #sockets: Map<number, RpcConnection>;
  readonly #listeners: Server[] = [];
  readonly #ticker: NodeJS.Timeout;
  #closing = false;
  #requests = 0;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(engine: Engine, sockets: Map<number, RpcConnection>) {
    this.#engine = engine;
    this.#sockets = sockets;
    this.#service = new NfsService(engine);
    const { limits } = engine;
    this.#limits = {
      maxRecord: Math.max(limits.maxReadSize, limits.maxWriteSize) + limits.recordOverhead,
      maxFragments: limits.maxFragments,
      maxOutputBuffer: limits.maxOutputBuffer,
      maxRequestsInFlight: limits.maxRequestsInFlight,
    };
    this.#ticker = setInterval(() => tick(engine), TICK_MS);
    this.#ticker.unref();
  }

  async listen(address: ListenAddress): Promise<ListenAddress> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
    server.listen(address.port, address.host);
    // `once` rejects on 'error', and so does this.
    await once(server, 'listening');
    this.#listeners.push(server);
    server.on('error', (error) => this.#engine.emit({ type: 'fault', operation: 'listen', error }));
    return boundTo(server);
  }

  get addresses(): readonly ListenAddress[] {
    return this.#listeners.filter((server) => server.listening).map(boundTo);
  }

  setShares(shares: readonly Share[]): void {
    this.#engine.namespace.setShares(shares, this.#engine.clock.now());
  }

  #accept(socket: Socket): void {
    const { state, limits } = this.#engine;
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    const gone = remoteAddress === undefined || remotePort === undefined;
    if (gone || this.#closing || state.connections.size >= limits.maxConnections) {
      socket.destroy();
      return;
    }
    const connection = state.connections.open(
      { address: plainAddress(remoteAddress), port: remotePort },
      { address: plainAddress(localAddress ?? ''), port: localPort ?? 0 },
    );
    this.#serve(connection, socket);
  }

  #serve(connection: Connection, socket: Socket): void {
    const auth = new CredentialCache();
    const rpc = new RpcConnection(connection.id, socket, this.#limits, {
      onCall: (from, xid, reader, bytes) => {
        this.#requests++;
        if (this.#closing) from.done();
        else this.#service.call(from, connection, auth, xid, reader, bytes);
      },
      onClose: (closed, reason) => {
        this.#sockets.delete(connection.id);
        this.#bytesIn += closed.bytesIn;
        this.#bytesOut += closed.bytesOut;
        this.#engine.state.connections.close(connection, reason);
      },
    });
    this.#sockets.set(connection.id, rpc);
  }

  stats(): ServerStats {
    const { state } = this.#engine;
    let bytesIn = this.#bytesIn;
    let bytesOut = this.#bytesOut;
    for (const rpc of this.#sockets.values()) {
      bytesIn += rpc.bytesIn;
      bytesOut += rpc.bytesOut;
    }
    return {
      clients: state.clients.size,
      sessions: state.sessions.size,
      connections: state.connections.size,
      opens: state.opens.count,
      locks: state.locks.count,
      inGrace: state.grace.active,
      requests: this.#requests,
      bytesIn,
      bytesOut,
    };
  }

  async close(drainMs: number = DEFAULT_DRAIN_MS): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    clearInterval(this.#ticker);
    const closed = this.#listeners.map((server) => new Promise((resolve) => server.close(resolve)));
    const end = performance.now() + drainMs;
    while (this.#inFlight() > 0 && performance.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 5));
    for (const rpc of [...this.#sockets.values()]) rpc.destroy('server stops');
    await Promise.race([Promise.all(closed), new Promise((resolve) => setTimeout(resolve, drainMs).unref())]);
    for (const rpc of [...this.#sockets.values()]) rpc.socket.destroy();
    await Promise.all(closed);
  }

  #inFlight(): number {
    let count = 0;
    for (const rpc of this.#sockets.values()) count += rpc.inFlight;
    return count;
  }
}

function boundTo(server: Server): ListenAddress {
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port };
}

/** IPv4 addresses that a dual-stack socket shows as IPv6 are IPv4 addresses. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
