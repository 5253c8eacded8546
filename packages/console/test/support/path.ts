import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can become a hole: what goes in comes out nowhere, and nobody is told. */
export class Path {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isHole = false;

  constructor(target: number) {
    this.#server = createServer((near) => {
      this.#keep(near);
      if (this.#isHole) return;
      const far = connect(target, '127.0.0.1');
      this.#keep(far);
      pass(near, far, () => this.#isHole);
      pass(far, near, () => this.#isHole);
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }

  /** Connections that are open stay silent for good, as behind a router that has forgotten them. */
  swallow(): void {
    this.#isHole = true;
    for (const socket of this.#sockets) socket.removeAllListeners('data').resume();
  }

  /** For new connections. */
  mend(): void {
    this.#isHole = false;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

function pass(from: Socket, to: Socket, isHole: () => boolean): void {
  from.on('data', (data) => to.write(data));
  from.on('close', () => {
    if (!isHole()) to.destroy();
  });
}
