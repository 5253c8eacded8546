import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { ListenAddress } from './server.ts';

/** Connections that wait at most; any further ones are closed. */
const MAX_WAITING = 10_000;
/** Only there may two processes listen on one address, and does the system share connections out between them. */
const CAN_SHARE = process.platform === 'linux';

const ignore = (): void => {};

/** Listens before there is anybody to serve: connections that come are accepted, and wait. */
export class WaitingListener {
  readonly server: Server;
  #waiting: Socket[] = [];
  #serve: ((socket: Socket) => void) | undefined;

  private constructor() {
    const options = { noDelay: true, allowHalfOpen: true, pauseOnConnect: true };
    this.server = createServer(options, (socket) => this.#accept(socket));
  }

  /**
   * Resolves when the address accepts; EADDRINUSE and its like reject. `beside` another process of this user, which listens there as this
   * class does; without it an address that anybody listens on is in use.
   */
  static async open(address: ListenAddress, { beside = false } = {}): Promise<WaitingListener> {
    // Who says that it will share an address gets it beside any other that said so: two servers would each get half of the connections.
    if (CAN_SHARE && !beside && address.port !== 0) await probe(address);
    const listener = new WaitingListener();
    listener.server.listen({ host: address.host, port: address.port, reusePort: CAN_SHARE });
    // `once` rejects on 'error', and so does this.
    await once(listener.server, 'listening');
    return listener;
  }

  get address(): ListenAddress {
    return boundTo(this.server);
  }

  /** Those that have waited first, then each as it comes. */
  serve(accept: (socket: Socket) => void): void {
    this.#serve = accept;
    const waited = this.#waiting;
    this.#waiting = [];
    for (const socket of waited) {
      socket.off('error', ignore);
      accept(socket);
    }
  }

  /** For one that nobody has served. */
  close(): void {
    this.server.close();
    for (const socket of this.#waiting) socket.destroy();
    this.#waiting = [];
  }

  #accept(socket: Socket): void {
    if (this.#serve !== undefined) {
      this.#serve(socket);
      return;
    }
    if (this.#waiting.length >= MAX_WAITING) {
      socket.destroy();
      return;
    }
    socket.on('error', ignore);
    this.#waiting.push(socket);
  }
}

/** Where it listens, also where the port was left to the system. */
export function boundTo(server: Server): ListenAddress {
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port };
}

/** Rejects with EADDRINUSE where somebody listens. */
async function probe({ host, port }: ListenAddress): Promise<void> {
  const server = createServer();
  server.listen({ host, port, exclusive: true });
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}
