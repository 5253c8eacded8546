import type { PathStep } from '@dfs/api/settings';
import { Option } from 'commander';
import type { Assignment } from './assignment.ts';
import { unknownKey } from './file.ts';
import type { ConfigProblem } from './problems.ts';
import { isSettingKey, SETTING_KEYS, type SettingKey, settingOf } from './settings.ts';

/** What commander makes of the flags that `start`, `status` and `config show` have in common. */
export interface ConfigFlags {
  /** A file; false for --no-config; true where nothing was said. */
  readonly config?: string | boolean;
  readonly data?: string;
  readonly memory?: boolean;
  readonly durability?: string;
  readonly listen?: readonly string[];
  readonly share?: readonly string[];
  readonly api?: string;
  readonly console?: string;
  readonly apiSocket?: string;
  readonly pidFile?: string;
  readonly logFormat?: string;
  readonly logLevel?: string;
  readonly set?: readonly string[];
}

export interface FlagSettings {
  readonly assignments: readonly Assignment[];
  readonly problems: readonly ConfigProblem[];
}

/** Later ones win: a key's own flag over --set, the last --set over those before. */
export function readFlags(flags: ConfigFlags, baseDirectory: string): FlagSettings {
  const assignments: Assignment[] = [];
  const problems: ConfigProblem[] = [];
  const give = (key: SettingKey, input: unknown, flag: string) => {
    if (input === undefined) return;
    const place = (path: readonly PathStep[]) => ({ where: shown(flag, input, path) });
    assignments.push({ key, input, source: 'flag', baseDirectory, place });
  };
  for (const text of flags.set ?? []) {
    const equals = text.indexOf('=');
    const key = equals < 0 ? text : text.slice(0, equals);
    const where = `--set ${text}`;
    if (!isSettingKey(key)) problems.push({ where, message: unknownKey(key) });
    else if (equals < 0) problems.push({ where, message: `write --set ${key}=VALUE` });
    else give(key, text.slice(equals + 1), `--set ${key}=`);
  }
  for (const key of SETTING_KEYS) {
    const { flag } = settingOf(key);
    if (flag === undefined) continue;
    const [name = ''] = flag.split(' ');
    give(key, flags[new Option(flag).attributeName() as keyof ConfigFlags], name);
  }
  return { assignments, problems };
}

/** The flag with its own text, of a repeated flag the one that `path` points to. */
function shown(flag: string, input: unknown, path: readonly PathStep[]): string {
  const [index] = path;
  const text = Array.isArray(input) && typeof index === 'number' ? input[index] : input;
  if (typeof text !== 'string') return flag;
  return flag.endsWith('=') ? `${flag}${text}` : `${flag} ${text}`;
}
