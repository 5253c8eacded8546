export const ROUNDS = 5;

/** CPU microseconds of this process, all its threads, since the call, whenever the returned function is called. */
export function cpuSpent(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
}

/** The least CPU time of several rounds, in microseconds for each of `count` operations. */
export async function cpuOf(count: number, run: (round: number) => Promise<void> | void): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const spent = cpuSpent();
    await run(round);
    least = Math.min(least, spent() / count);
  }
  return least;
}
