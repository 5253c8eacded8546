import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Address } from '../options.ts';

/**
 * A way to the server on which connections can be killed as a network kills them: who connects here is joined to the
 * server, and a cut sends RST to both at whatever point the stream is. (Neither user-mode Linux nor every host has
 * `ss -K`.)
 */
export class Cutter {
  readonly #server: Server;
  readonly #joined = new Map<number, readonly [Socket, Socket]>();

  private constructor(server: Server, from: Address, to: Address) {
    this.#server = server;
    this.#server.on('connection', (near) => this.#join(near, from, to));
  }

  /** Listens at `from`, and connects from that address to the server. */
  static async start(from: Address, to: Address): Promise<Cutter> {
    const server = createServer({ noDelay: true });
    const cutter = new Cutter(server, from, to);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(from.port, from.host, resolve);
    });
    return cutter;
  }

  #join(near: Socket, from: Address, to: Address): void {
    const far = connect({ host: to.host, port: to.port, localAddress: from.host, noDelay: true });
    const port = near.remotePort ?? 0;
    const end = (): void => {
      this.#joined.delete(port);
      near.destroy();
      far.destroy();
    };
    this.#joined.set(port, [near, far]);
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
    near.pipe(far);
    far.pipe(near);
  }

  /** The clients' ports. */
  get ports(): number[] {
    return [...this.#joined.keys()];
  }

  /** Kills a client's connection; false where it is gone already. */
  cut(port: number): boolean {
    const pair = this.#joined.get(port);
    for (const socket of pair ?? []) socket.resetAndDestroy();
    return pair !== undefined;
  }
}
