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
