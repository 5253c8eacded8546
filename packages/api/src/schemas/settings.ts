import { type Static, type TSchema, Type } from 'typebox';
import {
  NFS_SETTING_KEYS,
  type NfsSettingKey,
  type NfsSettingValues,
  nfsSettingOf,
} from '../settings/nfs-settings.ts';
import { Count, Time } from './common.ts';

function schemaOf(key: NfsSettingKey): TSchema {
  const { kind, description, default: value } = nfsSettingOf(key);
  return { ...kind.schema, description, ...(value !== undefined && { default: value }) };
}

const PROPERTIES = Object.fromEntries(NFS_SETTING_KEYS.map((key) => [key, schemaOf(key)]));

/** All settings of the NFS engine, by name. */
export const NfsSettingValuesSchema = Type.Unsafe<NfsSettingValues>(
  Type.Object(PROPERTIES, { $id: 'NfsSettings', additionalProperties: false }),
);

/** Some of them. */
export const NfsSettingChangesSchema = Type.Unsafe<Partial<NfsSettingValues>>(
  Type.Partial(Type.Object(PROPERTIES), { $id: 'NfsSettingChanges', additionalProperties: false }),
);

export const SettingChange = Type.Object(
  { setting: Type.String(), from: Type.Unknown(), to: Type.Unknown() },
  { $id: 'SettingChange' },
);
export type SettingChange = Static<typeof SettingChange>;

export const SettingSource = Type.Union(
  [
    Type.Literal('default'),
    Type.Literal('file'),
    Type.Literal('environment'),
    Type.Literal('flag'),
    Type.Literal('api'),
  ],
  { description: 'Who gave the value that is in effect. api: kept in the data directory, by this API' },
);
export type SettingSource = Static<typeof SettingSource>;

export const SettingDetail = Type.Object(
  {
    source: SettingSource,
    changed: Type.Boolean({ description: 'Is another than the default' }),
    default: Type.Unknown(),
    at_next_start: Type.Unknown({
      description: 'The value after a restart: file, environment and flags are stronger than this API there',
    }),
    given_at_start: Type.Union([Type.String(), Type.Null()], {
      description: 'The place in file, environment or flags that names it, and decides at each start',
    }),
  },
  { $id: 'SettingDetail' },
);
export type SettingDetail = Static<typeof SettingDetail>;

const DETAILS = Type.Unsafe<Record<NfsSettingKey, SettingDetail>>(Type.Record(Type.String(), SettingDetail));
const VERSION = Type.Integer({ minimum: 0, description: 'Counts the changes; the ETag of the settings' });

export const NfsSettingsAnswer = Type.Object(
  { version: VERSION, settings: NfsSettingValuesSchema, details: DETAILS },
  { $id: 'NfsSettingsAnswer' },
);
export type NfsSettingsAnswer = Static<typeof NfsSettingsAnswer>;

export const NfsSettingsChanged = Type.Object(
  {
    version: VERSION,
    settings: NfsSettingValuesSchema,
    details: DETAILS,
    dry_run: Type.Boolean({ description: 'True: nothing has changed, this is what would be' }),
    changes: Type.Array(SettingChange),
    notes: Type.Array(Type.String(), {
      description: 'What to know: settings that something stronger decides at the next start',
    }),
  },
  { $id: 'NfsSettingsChanged' },
);
export type NfsSettingsChanged = Static<typeof NfsSettingsChanged>;

/** `version`, like If-Match: refused with 412 where it is not the current one. Members that an answer has besides may be sent back. */
export const NfsSettingsUpdate = Type.Object(
  { version: Type.Optional(VERSION), settings: NfsSettingChangesSchema },
  { $id: 'NfsSettingsUpdate' },
);
export type NfsSettingsUpdate = Static<typeof NfsSettingsUpdate>;

export const NfsSettingsReplacement = Type.Object(
  { version: Type.Optional(VERSION), settings: NfsSettingValuesSchema },
  { $id: 'NfsSettingsReplacement' },
);
export type NfsSettingsReplacement = Static<typeof NfsSettingsReplacement>;

export const SettingDefinition = Type.Object(
  {
    name: Type.String(),
    type: Type.String({ description: 'integer, boolean or list' }),
    unit: Type.Union([Type.Literal('seconds'), Type.Literal('bytes'), Type.Null()]),
    minimum: Type.Optional(Type.Number()),
    maximum: Type.Optional(Type.Number()),
    choices: Type.Optional(Type.Array(Type.Unknown())),
    default: Type.Unknown(),
    default_text: Type.Optional(
      Type.String({ description: 'How the default comes about, where it depends' }),
    ),
    allowed: Type.String({ description: 'In words' }),
    applies: Type.Union([Type.Literal('now'), Type.Literal('new sessions'), Type.Literal('restart')]),
    description: Type.String(),
  },
  { $id: 'SettingDefinition' },
);
export type SettingDefinition = Static<typeof SettingDefinition>;

export const NfsSettingDefaults = Type.Object(
  { settings: NfsSettingValuesSchema, definitions: Type.Array(SettingDefinition) },
  { $id: 'NfsSettingDefaults' },
);
export type NfsSettingDefaults = Static<typeof NfsSettingDefaults>;

export const AuditEntry = Type.Object(
  {
    time: Time('When'),
    who: Type.String({ description: '"socket (uid 0)", "token NAME" or "start"' }),
    action: Type.Union([Type.Literal('update'), Type.Literal('replace'), Type.Literal('reset')]),
    version: Count('After the change'),
    changes: Type.Array(SettingChange),
  },
  { $id: 'AuditEntry' },
);
export type AuditEntry = Static<typeof AuditEntry>;

export const AuditLog = Type.Object({ entries: Type.Array(AuditEntry) }, { $id: 'AuditLog' });
export type AuditLog = Static<typeof AuditLog>;
