import type { Server, Socket } from 'node:net';
import type { Control } from './control.ts';
import { HeldBack } from './held-back.ts';
import type { Engine } from './nfs4/engine.ts';
import type { Persistence } from './nfs4/persist/persistence.ts';
import { NfsService } from './nfs4/service.ts';
import { type Connection, endpoint } from './nfs4/state/connections.ts';
import { tick } from './nfs4/tick.ts';
import { Drainer } from './operator/drain.ts';
import { Operator, type SocketFigures } from './operator/operator.ts';
import { CredentialCache } from './rpc/auth.ts';
import { Backlog } from './rpc/backlog.ts';
import { RpcConnection, type RpcLimits } from './rpc/connection.ts';
import { EndOfTurn } from './rpc/end-of-turn.ts';
import { SharedReadSocket } from './rpc/shared-read.ts';
import type { ListenAddress, NfsServer, NfsServerOptions, ServerStats, Share } from './server.ts';
import { boundTo, WaitingListener } from './waiting-listener.ts';

const DEFAULT_DRAIN_MS = 5000;
const TICK_MS = 1000;
const IDLE_GUEST = 'idle, and beyond the limit of its session';
/** What an idle guest's peer gets to close its side. */
const IDLE_CLOSE_MS = 5000;

/** An engine behind TCP sockets. */
export class TcpNfsServer implements NfsServer {
  readonly control: Control;
  readonly #engine: Engine;
  readonly #service: NfsService;
  readonly #drainer: Drainer;
  readonly #heldBack: HeldBack;
  readonly #limits: RpcLimits;
  readonly #sockets: Map<number, RpcConnection>;
  readonly #prepare: NfsServerOptions['prepareSocket'];
  readonly #listeners: Server[] = [];
  readonly #ticker: NodeJS.Timeout;
  readonly #beforeOutput: (() => void) | undefined;
  readonly #outputWaits: () => EndOfTurn | undefined;
  #ticks = 0;
  #closing = false;
  /** Of connections that are gone. */
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(
    engine: Engine,
    sockets: Map<number, RpcConnection>,
    prepareSocket?: NfsServerOptions['prepareSocket'],
  ) {
    this.#engine = engine;
    this.#sockets = sockets;
    this.#service = new NfsService(engine);
    this.#drainer = new Drainer(engine, sockets, () => this.addresses);
    this.#heldBack = new HeldBack(engine, (socket) => this.accept(socket));
    this.control = new Operator(engine, this.#drainer, () => this.#figures());
    this.#limits = rpcLimits(engine);
    this.#prepare = prepareSocket;
    const { persistence } = engine;
    this.#beforeOutput = persistence === undefined ? undefined : () => this.#flush(persistence);
    const endOfTurn = new EndOfTurn();
    this.#outputWaits = () => {
      const { isLone } = this.#service;
      const dear = this.#service.takeDear();
      if (persistence?.isFlushed() === false) return isLone ? undefined : endOfTurn;
      // One by itself is as likely all that its client waits for.
      return dear > 1 && !endOfTurn.flushIfEnough(dear) ? endOfTurn : undefined;
    };
    this.#ticker = setInterval(() => {
      tick(engine, ++this.#ticks);
      this.#closeIdleGuests();
    }, TICK_MS);
    this.#ticker.unref();
  }

  async listen(address: ListenAddress | WaitingListener): Promise<ListenAddress> {
    const listener = address instanceof WaitingListener ? address : await WaitingListener.open(address);
    const { server } = listener;
    this.#listeners.push(server);
    server.on('error', (error) => this.#engine.emit({ type: 'fault', operation: 'listen', error }));
    listener.serve((socket) => this.accept(socket));
    return listener.address;
  }

  get addresses(): readonly ListenAddress[] {
    return this.#listeners.filter((server) => server.listening).map(boundTo);
  }

  setShares(shares: readonly Share[]): void {
    this.#engine.namespace.setShares(shares, this.#engine.clock.now());
    this.#engine.settled();
  }

  /** Serves a connection that somebody else has accepted, or refuses it, as if it had come to a listener. */
  accept(socket: Socket): void {
    const { state } = this.#engine;
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy();
      return;
    }
    const remote = { address: plainAddress(remoteAddress), port: remotePort };
    const local = { address: plainAddress(localAddress ?? ''), port: localPort ?? 0 };
    const reason = this.#refusal(local);
    if (reason === undefined && this.#heldBack.isOn) {
      this.#heldBack.hold(socket);
      return;
    }
    if (reason === undefined) {
      this.#serve(state.connections.open(remote, local), socket);
      return;
    }
    this.#engine.emit({
      type: 'connection_refused',
      remote: endpoint(remote.address, remote.port),
      local: endpoint(local.address, local.port),
      reason,
    });
    socket.destroy();
  }

  #flush(persistence: Persistence): void {
    try {
      persistence.flush();
    } catch (error) {
      this.#heldBack.begin();
      throw error;
    }
  }

  #refusal(local: { address: string; port: number }): 'limit' | 'drained' | 'stopping' | undefined {
    const { state, limits } = this.#engine;
    if (this.#closing) return 'stopping';
    if (state.connections.size >= limits.maxConnections) return 'limit';
    return this.#drainer.refuses(local.address, local.port) ? 'drained' : undefined;
  }

  #serve(connection: Connection, accepted: Socket): void {
    const sendsStretches = this.#prepare?.(accepted) !== false;
    const auth = new CredentialCache();
    const socket = SharedReadSocket.adopt(accepted) ?? accepted;
    const rpc = new RpcConnection(connection.id, socket, this.#limits, {
      onCall: (from, xid, reader, bytes) => {
        this.#engine.counters.requests++;
        return this.#service.call(from, connection, auth, xid, reader, bytes);
      },
      onBytes: () => this.#service.heard(connection),
      onClose: (closed, reason) => {
        this.#sockets.delete(connection.id);
        this.#bytesIn += closed.bytesIn;
        this.#bytesOut += closed.bytesOut;
        this.#engine.state.connections.close(connection, reason);
      },
      sendsStretches,
      beforeOutput: this.#beforeOutput,
      outputWaits: this.#outputWaits,
    });
    connection.traffic = rpc;
    this.#sockets.set(connection.id, rpc);
    socket.resume();
  }

  /** A connection that no session may have costs memory on both sides: its client makes a new one when it has something to say. */
  #closeIdleGuests(): void {
    const { state, settings } = this.#engine;
    for (const connection of state.connections.idleGuests(settings.leaseTime * 1000)) {
      const rpc = this.#sockets.get(connection.id);
      if (rpc === undefined || rpc.inFlight > 0) continue;
      connection.draining = true;
      const timer = setTimeout(() => rpc.abort(IDLE_GUEST), IDLE_CLOSE_MS);
      timer.unref();
      void rpc.drain(IDLE_GUEST).then(() => clearTimeout(timer));
    }
  }

  #figures(): SocketFigures {
    let [bytesIn, bytesOut, requestsInFlight] = [this.#bytesIn, this.#bytesOut, 0];
    for (const rpc of this.#sockets.values()) {
      bytesIn += rpc.bytesIn;
      bytesOut += rpc.bytesOut;
      requestsInFlight += rpc.inFlight;
    }
    return { bytesIn, bytesOut, requestsInFlight };
  }

  stats(): ServerStats {
    const { state, counters } = this.#engine;
    const { bytesIn, bytesOut } = this.#figures();
    return {
      clients: state.clients.size,
      sessions: state.sessions.size,
      connections: state.connections.size,
      opens: state.opens.count,
      locks: state.locks.count,
      inGrace: state.grace.active,
      requests: counters.requests,
      bytesIn,
      bytesOut,
    };
  }

  async close(drainMs: number = DEFAULT_DRAIN_MS): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#engine.recalls.stop();
    clearInterval(this.#ticker);
    this.#heldBack.close();
    const closed = this.#listeners.map((server) => new Promise((resolve) => server.close(resolve)));
    await this.#drainer.empty([...this.#engine.state.connections], 'server', drainMs);
    await Promise.all(closed);
  }
}

/** The record bound follows the sizes of READ and WRITE upwards only: sessions keep the sizes that they were made with. */
function rpcLimits(engine: Engine): RpcLimits {
  const { limits } = engine;
  let maxRecord = 0;
  return {
    get maxRecord() {
      maxRecord = Math.max(
        maxRecord,
        Math.max(limits.maxReadSize, limits.maxWriteSize) + limits.recordOverhead,
      );
      return maxRecord;
    },
    maxFragments: limits.maxFragments,
    maxOutputBuffer: limits.maxOutputBuffer,
    maxRequestsInFlight: limits.maxRequestsInFlight,
    backlog: new Backlog(() => limits.maxBytesInFlight),
  };
}

/** IPv4 addresses that a dual-stack socket shows as IPv6 are IPv4 addresses. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
