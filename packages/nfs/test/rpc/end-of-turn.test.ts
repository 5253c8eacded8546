import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { EndOfTurn } from '../../src/rpc/end-of-turn.ts';

it('flushes what waits when the turn ends, in the order of its coming, and once', async () => {
  const end = new EndOfTurn();
  const flushed: string[] = [];
  const output = (name: string) => ({ flush: () => void flushed.push(name) });
  const late = output('late');
  end.await(output('a'));
  end.await({
    flush: () => {
      flushed.push('b');
      // What has more to say meanwhile says it at the end of the next turn.
      end.await(late);
    },
  });
  expect(flushed).toEqual([]);
  await turn();
  expect(flushed).toEqual(['a', 'b']);
  await turn();
  await turn();
  expect(flushed).toEqual(['a', 'b', 'late']);
});

it("gives each its turn though others fail, and each failure is nobody's to catch", async () => {
  const end = new EndOfTurn();
  const flushed: string[] = [];
  const seen: unknown[] = [];
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => seen.push(error));
  try {
    const failing = (error: Error) => ({
      flush: () => {
        throw error;
      },
    });
    const errors = [new Error('one'), new Error('two')] as const;
    end.await({ flush: () => void flushed.push('a') });
    end.await(failing(errors[0]));
    end.await({ flush: () => void flushed.push('b') });
    end.await(failing(errors[1]));
    end.await({ flush: () => void flushed.push('c') });
    await turn();
    await turn();
    expect(flushed).toEqual(['a', 'b', 'c']);
    expect(seen).toEqual([...errors]);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  }
});

it('flushes all that waits as soon as that is enough, and what comes then when the turn ends', async () => {
  const end = new EndOfTurn();
  const flushed: string[] = [];
  const output = (name: string) => ({ flush: () => void flushed.push(name) });
  expect(end.flushIfEnough(4)).toBe(false);
  end.await(output('a'));
  expect(end.flushIfEnough(4)).toBe(false);
  end.await(output('b'));
  expect(flushed).toEqual([]);
  expect(end.flushIfEnough(1)).toBe(true);
  expect(flushed).toEqual(['a', 'b']);
  expect(end.flushIfEnough(8)).toBe(false);
  end.await(output('c'));
  await turn();
  expect(flushed).toEqual(['a', 'b', 'c']);
  expect(end.flushIfEnough(8)).toBe(false);
});
