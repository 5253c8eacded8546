import type { Socket } from 'node:net';
import type { Engine } from './nfs4/engine.ts';

/** How often it is tried whether replies may leave again. */
const TRY_MS = 100;

const ignore = (): void => {};

/**
 * What becomes of connections while no reply may leave, because it could be lost: each that has one to send ends, and its client comes back at
 * once, and would come back again and again. So those that come are accepted and not read, which keeps their requests with their clients, until
 * replies may leave. RFC 8881 §2.9.2: a request that was not read is not one that was dropped.
 */
export class HeldBack {
  readonly #engine: Engine;
  readonly #serve: (socket: Socket) => void;
  /** In the order of their coming. */
  readonly #sockets = new Set<Socket>();
  readonly #forget: (this: Socket) => void;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(engine: Engine, serve: (socket: Socket) => void) {
    this.#engine = engine;
    this.#serve = serve;
    const sockets = this.#sockets;
    this.#forget = function (this: Socket) {
      sockets.delete(this);
    };
  }

  get isOn(): boolean {
    return this.#timer !== undefined;
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** A reply could not leave. */
  begin(): void {
    if (this.#closed) return;
    this.#timer ??= setInterval(() => this.#try(), TRY_MS).unref();
  }

  /** Nothing is known of its peer as it is not read: one that has gone, or has made another since, is dropped when room is needed. */
  hold(socket: Socket): void {
    socket.on('error', ignore);
    socket.once('close', this.#forget);
    this.#sockets.add(socket);
    if (this.#sockets.size + this.#engine.state.connections.size <= this.#engine.limits.maxConnections)
      return;
    const [oldest] = this.#sockets;
    if (oldest === undefined) return;
    this.#sockets.delete(oldest);
    oldest.destroy();
  }

  /** Those that wait end. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  #try(): void {
    try {
      this.#engine.persistence?.flush();
    } catch {
      this.#renew();
      return;
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
    const waiting = [...this.#sockets];
    this.#sockets.clear();
    for (const socket of waiting) {
      socket.off('close', this.#forget).off('error', ignore);
      this.#serve(socket);
    }
  }

  /** Clients cannot renew their leases meanwhile: none ends of those that had not when it began. */
  #renew(): void {
    const { state } = this.#engine;
    for (const client of state.clients) if (client.confirmed && !state.expired(client)) state.renew(client);
  }
}
