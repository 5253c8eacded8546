import { type ApiSetting, apiSetting, type ValueOf } from './definition.ts';
import { boolean, bytes, integer, numberChoice, seconds, words } from './kinds.ts';
import { BLOCKABLE_OPERATIONS } from './operations.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

const LEASE_SECONDS = { min: 10, max: 3600, default: 90 } as const;
const MANY = 1_000_000;

/**
 * What an operator may set of the NFS engine while it serves. The only place: flags, configuration file, environment,
 * documentation and the API take it from here. The server's tests hold bounds and defaults against the engine's own.
 */
export const NFS_SETTINGS = {
  v4_max_connections_per_session: apiSetting({
    kind: integer(0, 1024),
    default: 16,
    applies: 'now',
    description:
      'Connections that one session may be bound to; 0 is unlimited. One beyond it is a guest: served, but not bound. Lowered, it unbinds the least active at once.',
  }),
  lease_time: apiSetting({
    kind: seconds(LEASE_SECONDS.min, LEASE_SECONDS.max),
    default: LEASE_SECONDS.default,
    applies: 'now',
    description:
      'How long a client that has gone silent keeps its opens and locks against others. Clients renew at about half of it.',
  }),
  grace_period: apiSetting({
    kind: seconds(LEASE_SECONDS.min, LEASE_SECONDS.max),
    default: LEASE_SECONDS.default,
    follows: 'lease_time',
    defaultText: 'the lease time',
    applies: 'now',
    description:
      'How long after a restart clients may take back what they held before anybody else opens or locks it. Ends early when all have.',
  }),
  max_connections: apiSetting({
    kind: integer(1, MANY),
    default: 10_000,
    applies: 'now',
    description:
      'Open TCP connections of all clients together; one more is closed at once. The process needs as many file descriptors (ulimit -n).',
  }),
  max_clients: apiSetting({
    kind: integer(1, MANY),
    default: 10_000,
    applies: 'now',
    description: 'Clients that may hold a lease at one time.',
  }),
  max_sessions_per_client: apiSetting({
    kind: integer(1, 1024),
    default: 64,
    applies: 'now',
    description: 'Sessions of one client.',
  }),
  max_session_slots: apiSetting({
    kind: integer(1, 1024),
    default: 1024,
    applies: 'new sessions',
    description: 'Requests that one session may have in flight: the most slots a client is given.',
  }),
  max_compound_ops: apiSetting({
    kind: integer(16, 1024),
    default: 64,
    applies: 'new sessions',
    description: 'Operations in one request. A Linux client needs up to 16.',
  }),
  max_read_size: apiSetting({
    kind: bytes(4 * KIB, 16 * MIB),
    default: MIB,
    applies: 'new sessions',
    description: 'Bytes of one READ. A Linux client uses at most 1MiB.',
  }),
  max_write_size: apiSetting({
    kind: bytes(4 * KIB, 16 * MIB),
    default: MIB,
    applies: 'new sessions',
    description: 'Bytes of one WRITE. A Linux client uses at most 1MiB.',
  }),
  delegations_enabled: apiSetting({
    kind: boolean(),
    default: true,
    applies: 'now',
    description: 'Grant delegations where they are worth it. What is out when it is switched off stays out.',
  }),
  delegation_recall_timeout: apiSetting({
    kind: seconds(1, LEASE_SECONDS.max),
    default: LEASE_SECONDS.default,
    follows: 'lease_time',
    defaultText: 'the lease time',
    applies: 'now',
    description: 'How long a client has to return a delegation that is recalled before it is revoked.',
  }),
  callback_timeout: apiSetting({
    kind: seconds(1, LEASE_SECONDS.max),
    default: 10,
    applies: 'now',
    description: 'How long a client has to answer one callback before another connection is tried.',
  }),
  v4_min_minor_version: apiSetting<1 | 2>({
    kind: numberChoice([1, 2]),
    default: 1,
    applies: 'now',
    description: 'The lowest minor version of NFSv4 that is spoken.',
  }),
  v4_max_minor_version: apiSetting<1 | 2>({
    kind: numberChoice([1, 2]),
    default: 2,
    applies: 'now',
    description: 'The highest minor version of NFSv4 that is spoken.',
  }),
  blocked_operations: apiSetting<readonly string[]>({
    kind: words(BLOCKABLE_OPERATIONS, 'operations'),
    default: [],
    defaultText: 'none',
    applies: 'now',
    description: 'Operations that are answered as not supported, such as READ_PLUS or COPY.',
  }),
} as const;

export type NfsSettingKey = keyof typeof NFS_SETTINGS;
export type NfsSettingValues = { -readonly [K in NfsSettingKey]: ValueOf<(typeof NFS_SETTINGS)[K]> };

export const NFS_SETTING_KEYS = Object.keys(NFS_SETTINGS) as readonly NfsSettingKey[];

export function isNfsSettingKey(name: string): name is NfsSettingKey {
  return Object.hasOwn(NFS_SETTINGS, name);
}

/** The row of a key, where the type of its value does not matter. */
export function nfsSettingOf(key: NfsSettingKey): ApiSetting<unknown> {
  return NFS_SETTINGS[key] as ApiSetting<unknown>;
}

/** The flag of a key, as commander writes it: "--v4-max-connections-per-session". */
export function flagOf(key: NfsSettingKey): string {
  return `--${key.replaceAll('_', '-')}`;
}
