import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Output } from '../../src/rpc/output.ts';
import type { Message } from '../../src/rpc/slab.ts';
import { LoopbackSocket } from '../fuzz/loopback.ts';

/** Says that a write has left only when told to, as a socket does whose peer reads slowly. */
class SlowSocket extends LoopbackSocket {
  readonly written: Buffer[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #bytes: Buffer[] = [];

  override write(bytes: Buffer, done?: () => void): boolean {
    this.#bytes.push(bytes);
    if (done !== undefined) this.#waiting.push(done);
    return true;
  }

  /** Takes the bytes as they are now, and says so. */
  leave(): void {
    for (const bytes of this.#bytes.splice(0)) this.written.push(Buffer.from(bytes));
    for (const done of this.#waiting.splice(0)) done();
  }
}

/** A message that says which one it is in every word. */
function write(message: Message, number: number, words: number): void {
  for (let i = message.position / 4; i < words; i++) message.u32(number);
}

const LARGE_WORDS = 20_000;

const STEPS = fc.array(
  fc.record({
    words: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: LARGE_WORDS })),
    /** Written in part at first, and to its end only so many steps later; 0: at once. */
    later: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5 })),
    drop: fc.boolean(),
    flush: fc.boolean(),
    leave: fc.boolean(),
  }),
  { maxLength: 60 },
);

it('what is said leaves whole and in order, however large, whenever it is finished, and whatever is said meanwhile', () => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      const socket = new SlowSocket();
      const output = new Output(socket.asSocket());
      const due: [number, number][] = [];
      const unfinished: { message: Message; number: number; words: number; at: number; drop: boolean }[] = [];
      const finish = (message: Message, number: number, words: number, drop: boolean): void => {
        write(message, number, words);
        if (drop) output.drop(message);
        else {
          output.send(message);
          due.push([number, words]);
        }
      };
      for (const [number, step] of steps.entries()) {
        const message = output.begin();
        write(message, number, step.later === 0 ? step.words : Math.ceil(step.words / 3));
        if (step.later === 0) finish(message, number, step.words, step.drop);
        else {
          output.keep(message);
          unfinished.push({ message, number, words: step.words, at: number + step.later, drop: step.drop });
        }
        for (const u of unfinished.filter(({ at }) => at === number))
          finish(u.message, u.number, u.words, u.drop);
        if (step.flush) output.flush();
        if (step.leave) socket.leave();
      }
      for (const u of unfinished.filter(({ at }) => at >= steps.length))
        finish(u.message, u.number, u.words, false);
      output.flush();
      socket.leave();
      const expected = due.map(([number, words]) => {
        const bytes = Buffer.alloc(4 * words);
        for (let i = 0; i < words; i++) bytes.writeUInt32BE(number, 4 * i);
        return bytes;
      });
      expect(Buffer.concat(socket.written).equals(Buffer.concat(expected))).toBe(true);
    }),
    { numRuns: 200 },
  );
});

async function pair(): Promise<{ socket: Socket; peer: Socket; close(): void }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const coming = once(server, 'connection');
  const peer = connect(address.port, '127.0.0.1');
  const [socket] = (await coming) as [Socket];
  return {
    socket,
    peer,
    close() {
      peer.destroy();
      socket.destroy();
      server.close();
    },
  };
}

const PEER_WORDS = 1000;

function say(output: Output, number: number): void {
  const message = output.begin();
  write(message, number, PEER_WORDS);
  output.send(message);
  output.flush();
}

it('nothing is lost or changes places where the peer reads late, and leaves without Node while it reads', async () => {
  const { socket, peer, close } = await pair();
  peer.pause();
  const output = new Output(socket);
  say(output, 0);
  expect(output.waiting).toBe(0);
  expect(socket.bytesWritten).toBe(0);
  let count = 1;
  while (output.waiting === 0) say(output, count++);
  // The socket is full: Node has a part of the last one. More come behind it.
  const full = count;
  while (count < 2 * full) say(output, count++);
  expect(output.waiting).toBeGreaterThan((full - 1) * PEER_WORDS * 4);
  const received: Buffer[] = [];
  let bytes = 0;
  peer.on('data', (chunk: Buffer) => {
    received.push(chunk);
    bytes += chunk.length;
  });
  peer.resume();
  while (bytes < 4 * PEER_WORDS * count) await once(peer, 'data');
  const all = Buffer.concat(received);
  expect(all.length).toBe(4 * PEER_WORDS * count);
  for (let word = 0; word < count * PEER_WORDS; word++) {
    if (all.readUInt32BE(4 * word) !== Math.floor(word / PEER_WORDS)) throw new Error(`word ${word}`);
  }
  close();
});

it('a socket that its peer has broken is closed, as Node does it', async () => {
  const { socket, peer, close } = await pair();
  const output = new Output(socket);
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  peer.resetAndDestroy();
  // The first may still be taken.
  const timer = setInterval(() => say(output, 1), 1);
  await closed;
  clearInterval(timer);
  say(output, 2);
  close();
});
