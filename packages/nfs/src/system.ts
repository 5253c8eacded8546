import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Clock, Randomness } from './contracts.ts';

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  now: () => Date.now(),
};

export const systemRandomness: Randomness = { bytes: randomBytes };
