import type { Environment } from '@dfs/api/places';
import { suggest } from '@dfs/api/settings';
import type { Assignment } from './assignment.ts';
import type { ConfigProblem } from './problems.ts';
import { SETTING_KEYS, type SettingKey } from './settings.ts';

const PREFIX = 'DFS_';

/** Variables of dfs that are no settings: which file to read, and what the launcher says about itself. */
export const CONFIG_VARIABLE = 'DFS_CONFIG';
export const COMMAND_VARIABLE = 'DFS_COMMAND';

/**
 * Kubernetes puts the addresses of each service into the environment under its name: a service called "dfs" (or "dfs-web")
 * makes these, and they are not meant for us.
 */
const SERVICE_LINK =
  /^DFS_(.+_)?(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

export interface EnvironmentSettings {
  readonly assignments: readonly Assignment[];
  readonly problems: readonly ConfigProblem[];
  /** Variables that begin like ours and mean nothing to us: worth a word, as they may be slips. */
  readonly unknown: readonly string[];
}

/** The variable of a key: "log.level" is DFS_LOG_LEVEL. */
export function variableOf(key: SettingKey): string {
  return PREFIX + key.toUpperCase().replaceAll('.', '_');
}

/** An empty variable counts as not set. What is nearly the name of a setting is refused; the space of names is shared with others. */
export function readEnvironment(env: Environment, baseDirectory: string): EnvironmentSettings {
  const keys = new Map(SETTING_KEYS.map((key) => [variableOf(key), key]));
  // Compared without what all have in common, which would make everything look alike.
  const variables = [...keys.keys(), CONFIG_VARIABLE].map((variable) => variable.slice(PREFIX.length));
  const assignments: Assignment[] = [];
  const problems: ConfigProblem[] = [];
  const unknown: string[] = [];
  for (const [name, input] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || input === undefined || input === '') continue;
    if (name === CONFIG_VARIABLE || name === COMMAND_VARIABLE) continue;
    const where = `environment variable ${name}`;
    const key = keys.get(name);
    if (key !== undefined) {
      assignments.push({ key, input, source: 'environment', baseDirectory, place: () => ({ where }) });
    } else if (!SERVICE_LINK.test(name)) {
      const meant = suggest(name.slice(PREFIX.length), variables);
      if (meant === undefined) unknown.push(name);
      else problems.push({ where, message: `not a setting: did you mean ${PREFIX}${meant}?` });
    }
  }
  return { assignments, problems, unknown };
}
