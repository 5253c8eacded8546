import type { Paint } from '@dfs/api/terminal';

const MS = 1000;

/** Names and values under each other. */
export function facts(pairs: readonly (readonly [string, string])[], paint: Paint): string {
  const widest = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${paint('dim', name.padEnd(widest))}  ${value}`.trimEnd()).join('\n');
}

/** Seconds since a time of the API; 0 for one in the future, as clocks differ. */
export function secondsSince(time: string, now: number): number {
  return Math.max(0, (now - Date.parse(time)) / MS);
}
