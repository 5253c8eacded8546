import { connect, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { expect, it } from 'vitest';
import { descriptorOf, Outflow } from '../../src/rpc/outflow.ts';
import { SharedReadSocket } from '../../src/rpc/shared-read.ts';
import { LoopbackSocket } from '../fuzz/loopback.ts';

async function accepted(): Promise<{ socket: Socket; close(): void }> {
  const server = createServer({ pauseOnConnect: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const coming = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const peer = connect(address.port, '127.0.0.1');
  const socket = await coming;
  return {
    socket,
    close() {
      peer.destroy();
      socket.destroy();
      server.close();
    },
  };
}

it('a TCP socket has a descriptor until it is destroyed, also as the server reads it', async () => {
  const { socket, close } = await accepted();
  expect(descriptorOf(socket)).toBeGreaterThan(0);
  const shared = SharedReadSocket.adopt(socket);
  if (shared === undefined) throw new Error('not adopted');
  expect(descriptorOf(shared)).toBeGreaterThan(0);
  shared.destroy();
  expect(descriptorOf(shared)).toBeUndefined();
  close();
});

it('what has no descriptor of its own, or encrypts what it sends, has none to send files to', async () => {
  const { socket, close } = await accepted();
  const encrypted = new TLSSocket(socket, { isServer: true });
  expect(descriptorOf(encrypted)).toBeUndefined();
  expect(descriptorOf(new LoopbackSocket().asSocket())).toBeUndefined();
  encrypted.destroy();
  close();
});

it.each(['at once', 'later'])(
  'tells that all is handed over when the last piece was read %s',
  async (when) => {
    const { socket, close } = await accepted();
    const outflow = new Outflow(socket, () => {});
    let released = 0;
    outflow.push({ bytes: Buffer.from('head'), written: () => {} });
    outflow.push({
      length: 1000,
      send: () => 0,
      read: () => (when === 'later' ? new Promise((resolve) => setImmediate(resolve)) : undefined),
      release: () => released++,
    });
    outflow.pump();
    await new Promise<void>((resolve) => outflow.whenEmpty(resolve));
    expect([released, outflow.isEmpty, outflow.bytes]).toEqual([1, true, 0]);
    close();
  },
);
