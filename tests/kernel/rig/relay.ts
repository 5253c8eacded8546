import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Address } from '../options.ts';

/**
 * The guest lives in a network of its own. For a server outside of it, the inner half of the runner listens there and
 * hands its listening socket to the outer half, which accepts, and connects to the server in its own network.
 */

/** In the test's network: makes the listening socket and gives it away. */
export async function offerRelay(address: Address, give: (server: Server) => Promise<void>): Promise<void> {
  const server = createServer({ pauseOnConnect: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  await give(server);
  // The socket stays open in the other half; here it would take connections that nobody serves.
  server.close();
}

/** Outside: joins each accepted connection to one to the server. */
export function relay(server: Server, to: Address): void {
  server.on('connection', (near: Socket) => {
    const far = connect({ host: to.host, port: to.port, noDelay: true });
    near.setNoDelay(true);
    const close = (): void => {
      near.destroy();
      far.destroy();
    };
    near.on('error', close).on('close', close);
    far.on('error', close).on('close', close);
    near.pipe(far);
    far.pipe(near);
  });
}
