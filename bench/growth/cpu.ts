export const ROUNDS = 5;

/** The least CPU time of several rounds, in microseconds for each of `count` operations. */
export async function cpuOf(count: number, run: (round: number) => Promise<void> | void): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    await run(round);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / count);
  }
  return Math.round(least * 100) / 100;
}
