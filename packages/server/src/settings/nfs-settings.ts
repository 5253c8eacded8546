import type {
  AuditLog,
  NfsSettingDefaults,
  NfsSettingsAnswer,
  NfsSettingsChanged,
  SettingChange,
  SettingDefinition,
  SettingDetail,
  SettingSource,
} from '@dfs/api';
import {
  isNfsSettingKey,
  NFS_SETTING_KEYS,
  type NfsSettingKey,
  type NfsSettingValues,
  nfsSettingOf,
} from '@dfs/api/settings';
import type { Records } from '@dfs/storage';
import type { Config, Origin } from '../config/resolve.ts';
import { OneAtATime } from '../daemon/one-at-a-time.ts';
import type { FieldError } from '../rest/refusal.ts';
import { HTTP, Refusal, wrongFields } from '../rest/refusal.ts';
import {
  checkSettings,
  clashingSettings,
  missingSettings,
  type NfsChanges,
  unknownSetting,
} from './check.ts';
import { StoredSettings } from './stored.ts';

/** What file, environment and flags have to say: the values that they give, and where. */
export type GivenSettings = Pick<Config, 'values' | 'origins'>;

/** Told of each change, when it is kept and the engine has it. */
export type ChangeListener = (version: number, who: string, changes: readonly SettingChange[]) => void;

export interface ChangeRequest {
  readonly who: string;
  readonly dryRun: boolean;
  /** The version that whoever asks has seen. */
  readonly version: number | undefined;
}

/**
 * The settings of the NFS engine while it serves. At a start, flags, environment and file are stronger than what the API has
 * kept, which is stronger than the defaults; what the API sets while serving counts at once, and what something stronger
 * decides at the next start is said with it.
 */
export class NfsSettings {
  readonly #stored: StoredSettings;
  readonly #given: GivenSettings;
  readonly #now: () => number;
  /** Keys that the API has set since the start: there it is the strongest. */
  readonly #live = new Set<NfsSettingKey>();
  readonly #changes = new OneAtATime();
  #apply: (values: NfsSettingValues) => void = () => undefined;
  #onChange: ChangeListener = () => undefined;

  constructor(records: Records, given: GivenSettings, now: () => number = Date.now) {
    this.#stored = new StoredSettings(records);
    this.#given = given;
    this.#now = now;
  }

  /** `apply` hands changed settings to the engine; a RangeError of it refuses them. */
  attach(apply: (values: NfsSettingValues) => void, onChange: ChangeListener): void {
    this.#apply = apply;
    this.#onChange = onChange;
  }

  get values(): NfsSettingValues {
    return this.#values(this.#stored.values, this.#live);
  }

  answer(): NfsSettingsAnswer {
    return this.#describe(this.#stored.version, this.#stored.values, this.#live);
  }

  audit(limit: number): AuditLog {
    return { entries: this.#stored.audit(limit) };
  }

  /** PATCH: those that are named. */
  async update(
    input: Readonly<Record<string, unknown>>,
    request: ChangeRequest,
  ): Promise<NfsSettingsChanged> {
    const { changes, errors } = checkSettings(input);
    return this.#changes.run(() => this.#change('update', changes, errors, request));
  }

  /** PUT: all of them; none may be missing. */
  async replace(
    input: Readonly<Record<string, unknown>>,
    request: ChangeRequest,
  ): Promise<NfsSettingsChanged> {
    const { changes, errors } = checkSettings(input);
    const missing = missingSettings(changes).filter(({ field }) => !Object.hasOwn(input, field));
    return this.#changes.run(() =>
      this.#change('replace', this.#different(changes), [...errors, ...missing], request),
    );
  }

  /** Takes back what the API has set: of one setting, or of all. */
  reset(setting: string | undefined, request: ChangeRequest): Promise<NfsSettingsChanged> {
    return this.#changes.run(() => this.#reset(setting, request));
  }

  async #reset(setting: string | undefined, request: ChangeRequest): Promise<NfsSettingsChanged> {
    this.#checkVersion(request);
    if (setting !== undefined && !isNfsSettingKey(setting)) {
      throw wrongFields([
        { field: 'setting', message: `${JSON.stringify(setting)} ${unknownSetting(setting)}` },
      ]);
    }
    const keys = setting === undefined ? NFS_SETTING_KEYS : [setting];
    const stored = without(this.#stored.values, keys);
    const live = new Set([...this.#live].filter((key) => !keys.includes(key)));
    return this.#take('reset', stored, live, request);
  }

  async #change(
    action: 'update' | 'replace',
    changes: NfsChanges,
    errors: readonly FieldError[],
    request: ChangeRequest,
  ): Promise<NfsSettingsChanged> {
    this.#checkVersion(request);
    if (errors.length > 0) throw wrongFields(errors);
    const stored = { ...this.#stored.values, ...changes };
    const live = new Set([...this.#live, ...Object.keys(changes).filter(isNfsSettingKey)]);
    return this.#take(action, stored, live, request);
  }

  async #take(
    action: 'update' | 'replace' | 'reset',
    stored: NfsChanges,
    live: Set<NfsSettingKey>,
    { who, dryRun }: ChangeRequest,
  ): Promise<NfsSettingsChanged> {
    const before = this.values;
    const after = this.#values(stored, live);
    const errors = clashingSettings(after);
    if (errors.length > 0) throw wrongFields(errors);
    const changes = differences(before, after);
    const isNew = changes.length > 0 || !same(stored, this.#stored.values);
    if (!dryRun && isNew) {
      const entry = { time: this.#time(), who, action, changes };
      await this.#stored.change(stored, entry, () => this.#applyTo(after));
      this.#live.clear();
      for (const key of live) this.#live.add(key);
      this.#onChange(this.#stored.version, who, changes);
    }
    const answer = this.#describe(this.#stored.version, stored, live);
    return { ...answer, dry_run: dryRun, changes, notes: notes(answer) };
  }

  /** The table's bounds are the engine's; should the engine still refuse, nothing has changed. */
  #applyTo(values: NfsSettingValues): void {
    try {
      this.#apply(values);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new Refusal(HTTP.UNPROCESSABLE, 'invalid', error.message);
    }
  }

  #checkVersion({ version }: ChangeRequest): void {
    const current = this.#stored.version;
    if (version === undefined || version === current) return;
    throw new Refusal(
      HTTP.PRECONDITION_FAILED,
      'version_conflict',
      `the settings have version ${current} by now, not ${version}: look at them again`,
    );
  }

  /** A PUT of what is there sets nothing: what is a default stays one. */
  #different(changes: NfsChanges): NfsChanges {
    const values = this.values;
    return Object.fromEntries(
      Object.entries(changes).filter(([key, value]) => isNfsSettingKey(key) && !same(value, values[key])),
    );
  }

  #values(stored: NfsChanges, live: ReadonlySet<NfsSettingKey>): NfsSettingValues {
    const values = new Map<NfsSettingKey, unknown>();
    for (const key of NFS_SETTING_KEYS) {
      const source = this.#source(key, stored, live);
      const { follows } = nfsSettingOf(key);
      if (source === 'api') values.set(key, stored[key]);
      else if (source !== 'default') values.set(key, this.#given.values[key]);
      // What is followed stands before those that follow.
      else if (follows !== undefined && isNfsSettingKey(follows)) values.set(key, values.get(follows));
      else values.set(key, nfsSettingOf(key).default);
    }
    // Each value comes from the row of its own key.
    return Object.fromEntries(values) as NfsSettingValues;
  }

  #source(key: NfsSettingKey, stored: NfsChanges, live: ReadonlySet<NfsSettingKey>): SettingSource {
    const isStored = Object.hasOwn(stored, key);
    if (isStored && live.has(key)) return 'api';
    const { source } = this.#origin(key);
    if (source !== 'default') return source;
    return isStored ? 'api' : 'default';
  }

  #origin(key: NfsSettingKey): Origin {
    return this.#given.origins[key];
  }

  #describe(version: number, stored: NfsChanges, live: ReadonlySet<NfsSettingKey>): NfsSettingsAnswer {
    const values = this.#values(stored, live);
    const next = this.#values(stored, new Set());
    const defaults = defaultValues(values);
    const details = NFS_SETTING_KEYS.map((key): [NfsSettingKey, SettingDetail] => {
      const { source, where } = this.#origin(key);
      return [
        key,
        {
          source: this.#source(key, stored, live),
          changed: !same(values[key], defaults[key]),
          default: defaults[key],
          at_next_start: next[key],
          given_at_start: source === 'default' ? null : where,
        },
      ];
    });
    const byKey = Object.fromEntries(details) as Record<NfsSettingKey, SettingDetail>;
    return { version, settings: values, details: byKey };
  }

  #time(): string {
    return new Date(this.#now()).toISOString();
  }
}

/** The defaults, where `lease_time` is as in `values`: some follow it. */
function defaultValues(values: NfsSettingValues): NfsSettingValues {
  const entries = NFS_SETTING_KEYS.map((key) => {
    const { default: value, follows } = nfsSettingOf(key);
    return [key, follows !== undefined && isNfsSettingKey(follows) ? values[follows] : value];
  });
  return Object.fromEntries(entries) as NfsSettingValues;
}

/** The table of settings, for GET /settings/defaults. */
export function settingDefaults(): NfsSettingDefaults {
  const plain = NFS_SETTING_KEYS.map((key) => [key, nfsSettingOf(key).default]);
  const settings = Object.fromEntries(plain) as NfsSettingValues;
  return { settings, definitions: NFS_SETTING_KEYS.map(definition) };
}

function definition(name: NfsSettingKey): SettingDefinition {
  const { kind, default: value, defaultText, applies, description } = nfsSettingOf(name);
  const { schema, unit } = kind;
  const range = 'minimum' in schema ? { minimum: schema.minimum, maximum: schema.maximum } : {};
  const choices = schema.type === 'array' ? schema.items.enum : 'enum' in schema ? schema.enum : undefined;
  return {
    name,
    type: schema.type === 'array' ? 'list' : schema.type,
    unit: unit ?? null,
    ...range,
    ...(choices !== undefined && { choices: [...choices] }),
    default: value,
    ...(defaultText !== undefined && { default_text: defaultText }),
    allowed: kind.allowed,
    applies,
    description,
  };
}

function notes({ settings, details }: NfsSettingsAnswer): string[] {
  return NFS_SETTING_KEYS.filter((key) => !same(settings[key], details[key].at_next_start)).map(
    (key) =>
      `${key}: ${details[key].given_at_start ?? 'the start'} sets ${JSON.stringify(details[key].at_next_start)}, ` +
      'and is stronger at the next start: change it there too',
  );
}

function differences(before: NfsSettingValues, after: NfsSettingValues): SettingChange[] {
  return NFS_SETTING_KEYS.filter((key) => !same(before[key], after[key])).map((setting) => ({
    setting,
    from: before[setting],
    to: after[setting],
  }));
}

function without(values: NfsChanges, keys: readonly NfsSettingKey[]): NfsChanges {
  return Object.fromEntries(
    Object.entries(values).filter(([key]) => !isNfsSettingKey(key) || !keys.includes(key)),
  );
}

/** Values are plain JSON, whose members come in one order. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
