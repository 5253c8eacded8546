import type { EngineSettings } from '../control.ts';
import type { Limits } from '../limits.ts';
import { Op, Status } from './constants/index.ts';
import type { Engine } from './engine.ts';
import { listedStatus } from './op-statuses.ts';

type Range = readonly [min: number, max: number];

const KIB = 1024;
const MIB = 1024 * KIB;
export const MAX_CONNECTIONS_PER_SESSION = 1024;
const MAX_SECONDS = 3600;
const MANY = 1_000_000;

/** Whole numbers. */
const COUNTS = { maxConnectionsPerSession: [0, MAX_CONNECTIONS_PER_SESSION] } as const;
/** Seconds; fractions are for tests. */
const TIMES = {
  leaseTime: [0.1, MAX_SECONDS],
  gracePeriod: [0.1, MAX_SECONDS],
  delegationRecallTimeout: [0.1, MAX_SECONDS],
  callbackTimeout: [0.1, MAX_SECONDS],
} as const;

/** The limits that may change while serving, with their bounds. */
export const LIVE_LIMITS: Readonly<Partial<Record<keyof Limits, Range>>> = {
  maxConnections: [1, MANY],
  maxClients: [1, MANY],
  maxSessionsPerClient: [1, 1024],
  maxSessionSlots: [1, 1024],
  maxCompoundOps: [2, 1024],
  maxReadSize: [4 * KIB, 16 * MIB],
  maxWriteSize: [4 * KIB, 16 * MIB],
  maxReplyCacheBytes: [64 * KIB, 64 * 1024 * MIB],
};

/** Without these no client could say, or be told, anything. */
const UNBLOCKABLE: ReadonlySet<number> = new Set([
  Op.SEQUENCE,
  Op.EXCHANGE_ID,
  Op.CREATE_SESSION,
  Op.DESTROY_SESSION,
  Op.DESTROY_CLIENTID,
  Op.BIND_CONN_TO_SESSION,
  Op.BACKCHANNEL_CTL,
  Op.RECLAIM_COMPLETE,
  Op.ILLEGAL,
]);

/** The operation of this name, where it may be switched off: it has a status to say so with. */
function blockable(name: string): number | undefined {
  const op = Object.entries(Op).find(([known]) => known === name)?.[1];
  if (op === undefined || UNBLOCKABLE.has(op)) return undefined;
  return listedStatus(op, Status.NOTSUPP) === undefined ? undefined : op;
}

function requireRange(name: string, value: unknown, [min, max]: Range, whole: boolean): void {
  const fits =
    typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value));
  if (!fits) throw new RangeError(`${name} is ${String(value)}, but must be ${min} to ${max}`);
}

/** Throws RangeError where a value, or two together, cannot be. */
function check(changes: Partial<EngineSettings>, before: EngineSettings, next: EngineSettings): void {
  for (const [name, value] of Object.entries(changes)) {
    if (!(name in before)) throw new RangeError(`there is no setting ${name}`);
    if (name in COUNTS) requireRange(name, value, COUNTS[name as keyof typeof COUNTS], true);
    if (name in TIMES) requireRange(name, value, TIMES[name as keyof typeof TIMES], false);
  }
  if (typeof next.delegationsEnabled !== 'boolean')
    throw new RangeError('delegationsEnabled must be a boolean');
  for (const minor of [next.minMinorVersion, next.maxMinorVersion])
    requireRange('a minor version', minor, [1, 2], true);
  if (next.minMinorVersion > next.maxMinorVersion)
    throw new RangeError('minMinorVersion is above maxMinorVersion: no client could be served');
  for (const name of next.blockedOperations)
    if (blockable(name) === undefined) throw new RangeError(`operation ${name} cannot be blocked`);
  for (const [name, value] of Object.entries(changes.limits ?? {})) {
    const range = LIVE_LIMITS[name as keyof Limits];
    if (range === undefined) throw new RangeError(`limit ${name} does not change while serving`);
    requireRange(name, value, range, true);
  }
}

/** Takes settings over at once; with a RangeError nothing has changed. Yields what is different now. */
export function applySettings(
  engine: Engine,
  changes: Partial<EngineSettings>,
): readonly { readonly setting: string; readonly from: unknown; readonly to: unknown }[] {
  const before = engine.settings;
  const defined = Object.entries(changes).filter(([, value]) => value !== undefined);
  const next: EngineSettings = { ...before, ...Object.fromEntries(defined) };
  check(Object.fromEntries(defined), before, next);
  const from = { ...before, ...engine.limits };
  Object.assign(engine.limits, next.limits);
  engine.settings = { ...next, limits: engine.limits };
  engine.blockedOperations = new Set(next.blockedOperations.map((name) => blockable(name) ?? Op.ILLEGAL));
  engine.state.setTimes(next.leaseTime * 1000, next.gracePeriod * 1000);
  engine.state.connections.setLimit(next.maxConnectionsPerSession, engine.state.sessions);
  const to = { ...engine.settings, ...engine.limits };
  return differences(from, to);
}

function differences(from: object, to: object) {
  const old = new Map<string, unknown>(Object.entries(from));
  return Object.entries(to)
    .filter(([name, value]) => name !== 'limits' && JSON.stringify(value) !== JSON.stringify(old.get(name)))
    .map(([setting, value]) => ({ setting, from: old.get(setting), to: value }));
}
