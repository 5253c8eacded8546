import { Type } from 'typebox';
import {
  AuditLog,
  NfsSettingDefaults,
  NfsSettingsAnswer,
  NfsSettingsChanged,
  NfsSettingsReplacement,
  NfsSettingsUpdate,
} from '../schemas/settings.ts';
import { route, seen, V1 } from './route.ts';

const SETTINGS = `${V1}/adapters/nfs/settings`;
const AUDIT_ENTRIES = 1000;

const dryRun = {
  dry_run: Type.Optional(Type.Boolean({ default: false, description: 'Check and show, change nothing' })),
};
const changed = {
  access: 'admin',
  tag: 'settings',
  query: Type.Object(dryRun, { additionalProperties: false }),
  status: 200,
  answer: NfsSettingsChanged,
  refusals: [412, 422],
} as const;

/** The settings of the NFS engine. */
export const SETTINGS_ROUTES = {
  nfsSettings: route({
    ...seen,
    path: SETTINGS,
    tag: 'settings',
    summary: 'The settings of the NFS engine, with the source of each. The version is the ETag',
    answer: NfsSettingsAnswer,
  }),
  replaceNfsSettings: route({
    ...changed,
    method: 'PUT',
    path: SETTINGS,
    summary: 'Sets all settings; one that is missing is an error, and nothing changes',
    body: NfsSettingsReplacement,
  }),
  updateNfsSettings: route({
    ...changed,
    method: 'PATCH',
    path: SETTINGS,
    summary: 'Sets those settings that are named',
    body: NfsSettingsUpdate,
  }),
  nfsSettingDefaults: route({
    ...seen,
    path: `${SETTINGS}/defaults`,
    tag: 'settings',
    summary: 'The default of each setting, its range and what it means',
    answer: NfsSettingDefaults,
  }),
  resetNfsSettings: route({
    ...changed,
    method: 'POST',
    path: `${SETTINGS}/reset`,
    summary: 'Takes back what this API has set, of one setting or of all',
    query: Type.Object({ ...dryRun, setting: Type.Optional(Type.String()) }, { additionalProperties: false }),
  }),
  nfsSettingsAudit: route({
    ...seen,
    path: `${SETTINGS}/audit`,
    tag: 'settings',
    summary: 'Who changed what and when, the latest first',
    query: Type.Object(
      {
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: AUDIT_ENTRIES, default: AUDIT_ENTRIES })),
      },
      { additionalProperties: false },
    ),
    answer: AuditLog,
  }),
} as const;
