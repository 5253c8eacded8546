import { setTimeout as sleep } from 'node:timers/promises';

const MS = 1000;

/** What `work` comes to; rejects where it hangs as a whole. The timer is set before the work begins, which may take time over. */
export async function bounded<T>(what: string, limitMs: number, work: () => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const late = sleep(limitMs, undefined, { signal: abort.signal }).then(
    () => Promise.reject(new Error(`${what} hangs: not done after ${limitMs / MS} s`)),
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([work(), late]);
  } finally {
    abort.abort();
  }
}
