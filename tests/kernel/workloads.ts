/**
 * The workloads in guest/workloads, in the order in which they run. `common.py` there is what those in Python share.
 * The large file comes last: what it sends would make the capture large too, so it runs without one.
 */
export const workloads: readonly string[] = [
  'git-clone.sh',
  'git-fsck.sh',
  'build.sh',
  'tar.sh',
  'many-files.py',
  'folders.py',
  'links.py',
  'names.py',
  'attributes.py',
  'xattrs.py',
  'shared-mmap.py',
  'sparse.py',
  'copy-range.py',
  'o-excl.py',
  'o-append.py',
  'fcntl-locks.py',
  'flock.py',
  'rename-open.py',
  'unlink-open.py',
  'df.sh',
  'fsx.sh',
  'big-file.py',
];

/**
 * These steer the server while they run: its settings, its connections, its addresses, its process. They have a guest
 * to themselves, mount on their own, and need the dfs that the runner started; `steer.py` is what they share.
 */
export const steered: readonly string[] = [
  'count.py',
  'limit.py',
  'quota.py',
  'drain.py',
  'cut.py',
  'addresses.py',
  'delegations.py',
  'hand-over.py',
  'kills.py',
];

/** These run with --full, or when they are named. */
export const seldom: readonly string[] = [
  'addresses.py',
  'delegations.py',
  'quota.py',
  'hand-over.py',
  'kills.py',
];

/** Those of `selected` that such a guest runs. */
export function workloadsOf(selected: readonly string[], isSteered: boolean): string[] {
  return selected.filter((file) => steered.includes(file) === isSteered);
}

/** The first of those that run without a capture. */
export const uncaptured = 'big-file.py';

/** How much the workloads do. */
export type Sizes = { readonly bigMiB: number; readonly files: number; readonly fsxSteps: number };

const largest: Sizes = { bigMiB: 1024, files: 10_000, fsxSteps: 100_000 };
const small: Sizes = { bigMiB: 128, files: 2_000, fsxSteps: 10_000 };

/** In the profile for CI one combination has the largest sizes, the others what is left of the time. */
export function sizesFor(full: boolean, isLast: boolean): Sizes {
  return full || isLast ? largest : small;
}
