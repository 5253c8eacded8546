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
