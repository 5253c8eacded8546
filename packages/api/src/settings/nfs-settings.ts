import { setting } from './definition.ts';
import type { Kind } from './kind.ts';
import { bytes, integer, numberChoice, seconds, text } from './kinds.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

const LEASE_SECONDS = { min: 10, max: 3600, default: 90 } as const;

/** A number of seconds, or nothing: then another setting's value counts. */
function optionalSeconds(min: number, max: number): Kind<number | undefined> {
  const kind = seconds(min, max);
  return { ...kind, show: (value) => (value === undefined ? null : kind.show(value)) };
}

/**
 * What an operator may set of the NFS engine. The only place: flags, configuration file, environment, documentation and the
 * API take it from here. The server's tests hold the defaults against the engine's own.
 */
export const NFS_SETTINGS = {
  lease_time: setting({
    kind: seconds(LEASE_SECONDS.min, LEASE_SECONDS.max),
    default: LEASE_SECONDS.default,
    applies: 'restart',
    description:
      'How long a client that has gone silent keeps its opens and locks against others. Clients renew at about half of it.',
  }),
  grace_period: setting({
    kind: optionalSeconds(LEASE_SECONDS.min, LEASE_SECONDS.max),
    default: undefined,
    defaultText: 'the lease time',
    applies: 'restart',
    description:
      'How long after a restart clients may take back what they held before anybody else opens or locks it. Ends early when all have.',
  }),
  max_connections: setting({
    kind: integer(1, 1_000_000),
    default: 10_000,
    applies: 'restart',
    description:
      'Open TCP connections of all clients together; one more is closed at once. The process needs as many file descriptors (ulimit -n).',
  }),
  max_clients: setting({
    kind: integer(1, 1_000_000),
    default: 10_000,
    applies: 'restart',
    description: 'Clients that may hold a lease at one time.',
  }),
  max_sessions_per_client: setting({
    kind: integer(1, 1024),
    default: 64,
    applies: 'restart',
    description: 'Sessions of one client.',
  }),
  max_session_slots: setting({
    kind: integer(1, 1024),
    default: 256,
    applies: 'restart',
    description: 'Requests that one session may have in flight: the most slots a client is given.',
  }),
  max_compound_ops: setting({
    kind: integer(16, 1024),
    default: 64,
    applies: 'restart',
    description: 'Operations in one request. A Linux client needs up to 16.',
  }),
  max_read_size: setting({
    kind: bytes(4 * KIB, 16 * MIB),
    default: MIB,
    applies: 'restart',
    description: 'Bytes of one READ. A Linux client uses at most 1MiB.',
  }),
  max_write_size: setting({
    kind: bytes(4 * KIB, 16 * MIB),
    default: MIB,
    applies: 'restart',
    description: 'Bytes of one WRITE. A Linux client uses at most 1MiB.',
  }),
  v4_min_minor_version: setting<1 | 2>({
    kind: numberChoice([1, 2]),
    default: 1,
    applies: 'restart',
    description: 'The lowest minor version of NFSv4 that is spoken.',
  }),
  v4_max_minor_version: setting<1 | 2>({
    kind: numberChoice([1, 2]),
    default: 2,
    applies: 'restart',
    description: 'The highest minor version of NFSv4 that is spoken.',
  }),
  domain: setting({
    kind: text(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, 'a DNS name such as example.com'),
    default: 'localdomain',
    applies: 'restart',
    description:
      'What stands behind the @ of owners that clients send by name (alice@example.com). Owners sent as numbers need none.',
  }),
} as const;
