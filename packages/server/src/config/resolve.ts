import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Environment, homeDirectory, MAX_SOCKET_PATH_BYTES } from '@dfs/api/places';
import { NFS_SETTING_KEYS, nfsSettingOf, SettingError } from '@dfs/api/settings';
import type { ListenAddress } from '@dfs/nfs';
import { isLoopback, showAddress } from './address.ts';
import { type Assignment, SOURCES, type Source } from './assignment.ts';
import { CONFIG_VARIABLE, readEnvironment } from './environment.ts';
import { readConfigFile } from './file.ts';
import { type ConfigFlags, readFlags } from './flags.ts';
import { ConfigError, type ConfigProblem } from './problems.ts';
import { isSettingKey, SETTING_KEYS, type SettingKey, type SettingValues, settingOf } from './settings.ts';
import { clashes, clashMessage, type ShareSpec } from './share-spec.ts';

/** Where a value came from. */
export interface Origin {
  readonly source: Source;
  /** The place, as in messages; empty for a default. */
  readonly where: string;
}

export interface Config {
  readonly values: Readonly<SettingValues>;
  readonly origins: Readonly<Record<SettingKey, Origin>>;
  /** The file that was read. */
  readonly file: string | undefined;
  /** Variables that begin with DFS_ and mean nothing to dfs. */
  readonly unknownVariables: readonly string[];
}

export interface ConfigInputs {
  readonly flags: ConfigFlags;
  readonly env: Environment;
  readonly workingDirectory: string;
}

/** Reads file, environment and flags, checks everything, and lets the stronger win. Throws a {@link ConfigError} that names all problems. */
export function resolveConfig(inputs: ConfigInputs): Config {
  const file = configFile(inputs);
  const fromFile = file === undefined ? [] : readConfigFile(file, shownPath(file, inputs.workingDirectory));
  const fromEnv = readEnvironment(inputs.env, inputs.workingDirectory);
  const fromFlags = readFlags(inputs.flags, inputs.workingDirectory);
  const merge = new Merge([...fromEnv.problems, ...fromFlags.problems]);
  for (const assignment of [...fromFile, ...fromEnv.assignments, ...fromFlags.assignments])
    merge.take(assignment);
  merge.chooseStore();
  merge.follow();
  merge.checkTogether();
  return { ...merge.result(), file, unknownVariables: fromEnv.unknown };
}

/** --config, DFS_CONFIG (empty for none), or the first of the usual places that has one. */
function configFile({ flags, env, workingDirectory }: ConfigInputs): string | undefined {
  if (flags.config === false) return undefined;
  if (typeof flags.config === 'string') return path.resolve(workingDirectory, expandHome(flags.config));
  const variable = env[CONFIG_VARIABLE];
  if (variable === '') return undefined;
  if (variable !== undefined) return path.resolve(workingDirectory, expandHome(variable));
  return usualPlaces(env).find((place) => existsSync(place));
}

/** Where a configuration file is looked for when none is named. */
export function usualPlaces(env: Environment): string[] {
  const configHome = env['XDG_CONFIG_HOME'];
  const own =
    configHome !== undefined && path.isAbsolute(configHome)
      ? configHome
      : path.join(homeDirectory(env), '.config');
  return [path.join(own, 'dfs', 'dfs.yaml'), '/etc/dfs/dfs.yaml'];
}

/** Short where the file lies below the working directory. */
function shownPath(file: string, workingDirectory: string): string {
  const relative = path.relative(workingDirectory, file);
  return relative.startsWith('..') || path.isAbsolute(relative) ? file : relative;
}

function expandHome(text: string): string {
  return text === '~' || text.startsWith('~/') ? path.join(homeDirectory(process.env), text.slice(1)) : text;
}

class Merge {
  readonly #values: SettingValues;
  readonly #origins: Record<SettingKey, Origin>;
  readonly #problems: ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const entries = <T>(of: (key: SettingKey) => T) =>
      Object.fromEntries(SETTING_KEYS.map((key) => [key, of(key)]));
    this.#values = entries((key) => settingOf(key).default) as SettingValues;
    this.#origins = entries(() => ({ source: 'default', where: '' })) as Record<SettingKey, Origin>;
    this.#problems = [...problems];
  }

  /** Assignments come from the weakest source to the strongest. */
  take(assignment: Assignment): void {
    const { key, source } = assignment;
    try {
      const value = settingOf(key).kind.parse(assignment.input);
      const where = assignment.place([], false).where;
      if (key === 'shares') this.#addShares(value as readonly ShareSpec[], assignment);
      else this.#assign(key, this.#absolute(assignment, value));
      this.#origins[key] = { source, where };
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      this.#problems.push({
        ...assignment.place(error.path, error.atKey),
        message: `${key}: ${error.message}`,
      });
    }
  }

  #assign(key: SettingKey, value: unknown): void {
    // The kind of the key's own row made the value: the table vouches for its type.
    (this.#values as Record<SettingKey, unknown>)[key] = value;
  }

  #absolute(assignment: Assignment, value: unknown): unknown {
    const isPath = settingOf(assignment.key).isPath === true && typeof value === 'string';
    return isPath ? path.resolve(assignment.baseDirectory, expandHome(value)) : value;
  }

  /** Lists of shares add up; of the same path, the stronger source's terms count. */
  #addShares(specs: readonly ShareSpec[], assignment: Assignment): void {
    const kept = this.#values.shares.filter((old) => !specs.some((spec) => spec.path === old.path));
    for (const [index, spec] of specs.entries()) {
      const clash = kept.find((old) => clashes(old.path, spec.path));
      if (clash === undefined) continue;
      const message = clashMessage(clash.path, spec.path);
      this.#problems.push({ ...assignment.place([index], false), message });
    }
    this.#values.shares = [...kept, ...specs];
  }

  /** Data directory or memory: the stronger source decides; one source that asks for both is a slip. */
  chooseStore(): void {
    if (!this.#values.memory || this.#values.data === undefined) return;
    const { memory, data } = this.#origins;
    const difference = SOURCES.indexOf(memory.source) - SOURCES.indexOf(data.source);
    if (difference === 0) {
      const message = `asks to keep nothing, and ${data.where} names a data directory: give one of them`;
      this.#problems.push({ where: memory.where, message });
    } else if (difference < 0) {
      this.#values.memory = false;
    } else {
      this.#values.data = undefined;
      this.#origins.data = { source: 'default', where: '' };
    }
  }

  /** Settings that nobody gave have the value of the one that they follow. */
  follow(): void {
    for (const key of NFS_SETTING_KEYS) {
      const { follows } = nfsSettingOf(key);
      if (follows === undefined || this.#origins[key].source !== 'default') continue;
      if (isSettingKey(follows)) this.#assign(key, this.#values[follows]);
    }
  }

  checkTogether(): void {
    const values = this.#values;
    if (values.v4_min_minor_version > values.v4_max_minor_version) {
      this.#refuse('v4_min_minor_version', 'is above v4_max_minor_version: no version would be left');
    }
    this.#checkApi();
    const socket = values.api_socket;
    if (socket !== undefined && Buffer.byteLength(socket) > MAX_SOCKET_PATH_BYTES) {
      this.#refuse(
        'api_socket',
        `a socket's path may have ${MAX_SOCKET_PATH_BYTES} bytes: choose a shorter one`,
      );
    }
  }

  #checkApi(): void {
    const { api, api_tls_cert: cert, api_tls_key: key } = this.#values;
    if (cert === undefined && key !== undefined) this.#refuse('api_tls_key', 'needs api_tls_cert as well');
    if (cert !== undefined && key === undefined) this.#refuse('api_tls_cert', 'needs api_tls_key as well');
    const isSafe = (address: ListenAddress | undefined): address is undefined =>
      address === undefined || isLoopback(address.host) || cert !== undefined || key !== undefined;
    const { console } = this.#values;
    if (!isSafe(console)) {
      this.#refuse(
        'console',
        `${showAddress(console)} could be reached from other machines: set api_tls_cert and api_tls_key, or use ` +
          `127.0.0.1:${console.port} and a tunnel (ssh -L)`,
      );
    }
    if (isSafe(api)) return;
    this.#refuse(
      'api',
      `${showAddress(api)} could be reached from other machines, who would see tokens and answers: set api_tls_cert and ` +
        `api_tls_key, or use 127.0.0.1:${api.port} and a tunnel (ssh -L)`,
    );
  }

  #refuse(key: SettingKey, message: string): void {
    this.#problems.push({ where: this.#origins[key].where, message: `${key}: ${message}` });
  }

  result(): Pick<Config, 'values' | 'origins'> {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
    return { values: this.#values, origins: this.#origins };
  }
}
