import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { Room } from '../src/log/room.ts';

const FULL = Object.assign(new Error('ENOSPC: injected'), { code: 'ENOSPC' });
const RETRY_MS = 2;

test('a commit is not tried again while the host says that there is no room, nor never again', async () => {
  let hasRoom = false;
  let looks = 0;
  const reserve = {
    release: () => false,
    refill: async () => false,
    hasRoom: () => {
      looks++;
      return hasRoom;
    },
  };
  const room = new Room(reserve, RETRY_MS, () => {});
  let isWorthATry = false;
  const first = room.lacking(FULL).then(() => {
    isWorthATry = true;
  });
  await vi.waitFor(() => expect(looks).toBeGreaterThan(3), { timeout: 20_000 });
  expect(isWorthATry).toBe(false);
  hasRoom = true;
  await first;
  // The host may be wrong: a user may have a quota of his own.
  hasRoom = false;
  await room.lacking(FULL);
  expect(looks).toBeGreaterThan(20);
  const last = room.lacking(FULL);
  room.close();
  await expect(last).rejects.toBe(FULL);
  await sleep(RETRY_MS);
});
