/** One thing that is wrong with the configuration, and the place it stands on. */
export interface ConfigProblem {
  /** "dfs.yaml:3:13", "--set lease_time=5", "environment variable DFS_LISTEN". */
  readonly where: string;
  readonly message: string;
  /** The line of the file with a mark under the place. */
  readonly excerpt?: string;
}

const MOST_SHOWN = 10;

/** The configuration cannot be used. All problems are told at once, so that they can be mended at once. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const shown = problems.slice(0, MOST_SHOWN).map(show);
    if (problems.length > MOST_SHOWN) shown.push(`dfs: and ${problems.length - MOST_SHOWN} more`);
    super(shown.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

function show(problem: ConfigProblem): string {
  const line = `dfs: ${problem.where}: ${problem.message}`;
  return problem.excerpt === undefined ? line : `${line}\n${problem.excerpt}`;
}
