import { readdirSync, readFileSync } from 'node:fs';

const NS_PER_MS = 1e6;

/** CPU milliseconds that all threads of a process have had so far. */
export function cpuMs(pid: number): number {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0]);
    } catch {
      // It ended meanwhile.
    }
  }
  return total / NS_PER_MS;
}

/** Mean and standard error. */
export function mean(values: readonly number[]): { readonly mean: number; readonly error: number } {
  const sum = values.reduce((total, value) => total + value, 0);
  const middle = sum / values.length;
  const spread = values.reduce((total, value) => total + (value - middle) ** 2, 0);
  return { mean: middle, error: Math.sqrt(spread / Math.max(1, values.length - 1) / values.length) };
}
