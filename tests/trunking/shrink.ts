import { type HistoryOptions, type HistoryResult, runHistory } from './history.ts';

const MAX_RUNS = 150;

/**
 * Leaves out steps as long as the history still fails in the same words, the largest pieces first. Only where the same steps do the same again:
 * without sockets.
 */
export async function shrink(options: HistoryOptions, failed: HistoryResult): Promise<number[]> {
  const words = kind(failed.failure);
  const last = Math.min(failed.reached, options.steps - 1);
  let left = Array.from({ length: last + 1 }, (_, i) => i).filter((i) => options.only?.has(i) ?? true);
  let runs = 0;
  const fails = async (only: readonly number[]) => {
    runs++;
    const { failure } = await runHistory({ ...options, steps: last + 1, only: new Set(only) });
    return failure !== undefined && kind(failure) === words;
  };
  for (let size = Math.ceil(left.length / 2); size >= 1 && runs < MAX_RUNS; ) {
    let smaller = false;
    for (let at = 0; at < left.length && runs < MAX_RUNS; ) {
      const without = [...left.slice(0, at), ...left.slice(at + size)];
      if (await fails(without)) {
        left = without;
        smaller = true;
      } else {
        at += size;
      }
    }
    if (size === 1 && !smaller) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
  return left;
}

/** The failure without what differs from run to run. */
function kind(failure: Error | undefined): string {
  return (failure?.message ?? '').split('\n')[0]!.replace(/[0-9a-f]{32}|\d+/g, '#');
}
