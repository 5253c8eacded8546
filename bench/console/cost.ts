import { readdirSync, readFileSync } from 'node:fs';

/** Processes below this one that run a program whose name holds `name`. */
export function descendants(name: string, of = process.pid): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    try {
      // "pid (name) state ppid ...": the name may hold anything.
      const rest = readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ').at(-1)?.split(' ');
      if (rest?.[1] !== undefined) parents.set(Number(entry), Number(rest[1]));
    } catch {
      // No process, or one that ended meanwhile.
    }
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent === of || (parent !== undefined && parent > 1 && isBelow(parent));
  };
  const runs = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(name);
  return [...parents.keys()].filter((pid) => isBelow(pid) && runs(pid));
}

/** Mean and standard error. */
export function mean(values: readonly number[]): { readonly mean: number; readonly error: number } {
  const sum = values.reduce((total, value) => total + value, 0);
  const middle = sum / values.length;
  const spread = values.reduce((total, value) => total + (value - middle) ** 2, 0);
  return { mean: middle, error: Math.sqrt(spread / Math.max(1, values.length - 1) / values.length) };
}
