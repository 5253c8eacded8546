import type { EventListener } from './contracts.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { Callbacks, type CallbackTransport } from './nfs4/callback/callbacks.ts';
import { LockNotices } from './nfs4/callback/lock-notices.ts';
import { Recalls } from './nfs4/callback/recall.ts';
import { Counters } from './nfs4/counters.ts';
import type { Engine } from './nfs4/engine.ts';
import { Namespace } from './nfs4/exports.ts';
import { takeIdentity } from './nfs4/identity.ts';
import { Owners } from './nfs4/owners.ts';
import { Persistence } from './nfs4/persist/persistence.ts';
import { loadImage, settler, takeUp } from './nfs4/persist/start.ts';
import { applySettings } from './nfs4/settings.ts';
import { State } from './nfs4/state/state.ts';
import { RpcCallError, type RpcConnection } from './rpc/connection.ts';
import type { NfsServer, NfsServerOptions } from './server.ts';
import { systemClock, systemRandomness } from './system.ts';
import { TcpNfsServer } from './tcp-server.ts';

const DEFAULT_LEASE_SECONDS = 90;
const DEFAULT_CONNECTIONS_PER_SESSION = 16;
const DEFAULT_CALLBACK_SECONDS = 10;
const STATEID_INSTANCE_BYTES = 4;

/** Makes a server; it takes no connection before `listen`. */
export async function createNfsServer(options: NfsServerOptions): Promise<NfsServer> {
  const sockets = new Map<number, RpcConnection>();
  const engine = await createEngine(options, socketTransport(sockets));
  return new TcpNfsServer(engine, sockets, options.prepareSocket);
}

/** Callbacks go out on the sockets of those connections that are still there. */
function socketTransport(sockets: ReadonlyMap<number, RpcConnection>): CallbackTransport {
  return {
    call(connection, target, timeoutMs, write) {
      const rpc = sockets.get(connection.id);
      if (rpc === undefined) return Promise.reject(new RpcCallError('RPC_CLOSED', 'connection closed'));
      return rpc.call(target, timeoutMs, write);
    },
  };
}

/** Puts the engine together from its options: everything but the sockets. */
export async function createEngine(options: NfsServerOptions, transport: CallbackTransport): Promise<Engine> {
  const clock = options.clock ?? systemClock;
  const randomness = options.randomness ?? systemRandomness;
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const counters = new Counters(options.operationTimes ?? true);
  const emit: EventListener = counters.counting(options.onEvent ?? (() => {}));
  const store = options.stateStore;
  const records = new Map<string, Buffer>(store === undefined ? [] : await store.load());
  const { identity, put } = takeIdentity(records, randomness);
  for (const [key, value] of put) store?.put(key, value);
  await store?.stable();
  const journal = store?.journal;
  const { image, refused } =
    journal === undefined ? { image: undefined, refused: [] } : await loadImage(journal, emit);
  const leaseSeconds = options.leaseTime ?? DEFAULT_LEASE_SECONDS;
  const namespace = new Namespace(options.shares, clock.now(), counters.shares);
  const callbacks = new Callbacks(
    transport,
    () => engine.settings.callbackTimeout * 1000,
    (op, status) => counters.callback(op, status),
  );
  const state = new State({
    clock,
    randomness,
    limits,
    emit,
    store,
    // Without a store nothing counts the starts, and clients of an earlier one must not be taken for today's.
    instance:
      image?.server.instance ??
      (store === undefined ? randomness.bytes(4).readUInt32BE(0) : identity.instance),
    stateidInstance:
      image?.server.stateidInstance ??
      Math.max(1, randomness.bytes(STATEID_INSTANCE_BYTES).readUInt32BE(0) >>> 1),
    leaseMs: leaseSeconds * 1000,
    graceMs: (options.gracePeriod ?? leaseSeconds) * 1000,
    notifyLock: (waiter) => notices.start(waiter),
  });
  const notices = new LockNotices({ state, callbacks, namespace });
  state.grace.start(records, image?.waiting);
  if (image !== undefined) await takeUp(image, state, namespace, emit);
  for (const key of refused) state.marks.drop(key, -1);
  const persistence = journal && new Persistence(journal, state, image?.server);
  const recalls = new Recalls({ state, callbacks, namespace });
  const engine: Engine = {
    limits,
    settings: {
      maxConnectionsPerSession: options.maxConnectionsPerSession ?? DEFAULT_CONNECTIONS_PER_SESSION,
      leaseTime: leaseSeconds,
      gracePeriod: options.gracePeriod ?? leaseSeconds,
      delegationsEnabled: options.delegations ?? true,
      delegationRecallTimeout: options.delegationRecallTimeout ?? leaseSeconds,
      callbackTimeout: options.callbackTimeout ?? DEFAULT_CALLBACK_SECONDS,
      minMinorVersion: options.minMinorVersion ?? 1,
      maxMinorVersion: options.maxMinorVersion ?? 2,
      blockedOperations: options.blockedOperations ?? [],
      limits: {},
    },
    clock,
    randomness,
    namespace,
    state,
    owners: new Owners(options.domain ?? 'localdomain', options.names),
    emit,
    blockedOperations: new Set(),
    identity,
    callbacks,
    recalls,
    counters,
    persistence,
    settled: settler(state, namespace),
  };
  applySettings(engine, engine.settings);
  persistence?.flush();
  engine.settled();
  return engine;
}
