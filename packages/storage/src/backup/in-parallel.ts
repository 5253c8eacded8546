/**
 * Runs `work` for each item, some at a time: each waits for the disk and for its turn beside what the server does. Where one fails no
 * other is begun, and those under way have ended when this rejects.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  workers: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const run = async (): Promise<void> => {
    // One that was taken is begun: the others are still there for whoever goes on with them.
    while (!failed) {
      const next = iterator.next();
      if (next.done === true) return;
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: workers }, run));
  const first = ends.find((end) => end.status === 'rejected');
  if (first !== undefined) throw first.reason;
}
