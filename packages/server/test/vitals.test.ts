import { expect, it } from 'vitest';
import { Vitals } from '../src/history/vitals.ts';

const COMMITS = { commits: 0, seconds: 0, latency: [] };

it('ask a disk that hangs once only, and show what it said before', async () => {
  const answers: PromiseWithResolvers<{ bsize: number; blocks: number; bavail: number }>[] = [];
  const vitals = new Vitals(COMMITS, '/somewhere', () => {
    const answer = Promise.withResolvers<{ bsize: number; blocks: number; bavail: number }>();
    answers.push(answer);
    return answer.promise;
  });
  answers[0]?.resolve({ bsize: 10, blocks: 7, bavail: 3 });
  const said = { path: '/somewhere', total_bytes: 70, free_bytes: 30 };
  vitals.sample(1);
  expect((await vitals.read()).disk).toEqual(said);
  for (let time = 2; time < 10; time++) vitals.sample(time);
  const both = await Promise.all([vitals.read(), vitals.read()]);
  expect(both.map(({ disk }) => disk)).toEqual([said, said]);
  expect(both[0]?.disk_free.at(-1)).toBe(30);
  expect(answers).toHaveLength(2);
  answers[1]?.reject(new Error('gone'));
  let time = 10;
  const asked = () => {
    vitals.sample(time++);
    return answers.length;
  };
  await expect.poll(asked, { timeout: 20_000 }).toBe(3);
  answers[2]?.resolve({ bsize: 10, blocks: 7, bavail: 2 });
  expect((await vitals.read()).disk).toEqual({ ...said, free_bytes: 20 });
  vitals.close();
});
