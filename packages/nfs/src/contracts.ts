import type { Awaitable } from './vfs/index.ts';
import type { XdrWriter } from './xdr/index.ts';

/** Time as the engine sees it. A test's clock moves only when told to. */
export interface Clock {
  /** Milliseconds, never backwards, from any start. Leases and time limits. */
  monotonic(): number;
  /** Milliseconds since 1970. What is shown to people. */
  now(): number;
}

/** Where every id and verifier that must not be guessed or repeated comes from. */
export interface Randomness {
  bytes(count: number): Buffer;
}

/**
 * Keeps the engine's own records (clients that may reclaim, the server's identity) across a restart. Changes are seen by the
 * next `load` in the order they were made; `stable` answers when all so far would survive a loss of power.
 */
export interface StateStore {
  /** Every record. Called once, before the first request. */
  load(): Awaitable<Iterable<readonly [key: string, value: Buffer]>>;
  put(key: string, value: Buffer): void;
  delete(key: string): void;
  stable(): Awaitable<void>;
  /** Absent where nothing but power-safe records are kept: then no session outlives the process. */
  readonly journal?: StateJournal;
}

/** Takes records. What a record's key is made of is a text, and numbers behind it where there are any: `o/12`, `r/3/7`; -1 stands for none. */
export interface RecordSink {
  /** Begins a record. Its value is what is written to what this returns, until the next call. */
  put(kind: string, number: number, part: number): XdrWriter;
  /** There is no such record any more. */
  delete(kind: string, number: number, part: number): void;
}

/** Has all records as they are, so that the journal need not keep them. */
export interface RecordSource {
  /** Appends what has changed and is not in the journal yet. */
  sweep(): void;
  /**
   * Writes every record as it is then, a few with each step. Between steps others are appended, and a {@link sweep} comes before the next: what
   * ended meanwhile is left out, what came or changed meanwhile may be.
   */
  write(sink: RecordSink): Iterator<unknown>;
}

/** Keeps records that survive the end of the process, however it ends, but not a loss of power: sessions, opens, locks. */
export interface StateJournal {
  /**
   * All records as the last run left them; undefined where they may not be whole: at a first start, or after the machine has been
   * restarted. Called once, before the first request.
   */
  load(): Awaitable<Iterable<readonly [key: string, value: Buffer]> | undefined>;
  /**
   * From now on the records are those that `source` has, and those of the last run that were not deleted since: where the journal is written anew,
   * `source` writes it. Called once, before the first unit.
   */
  keep(source: RecordSource): void;
  /**
   * Begins an atomic unit of records, which goes to what this returns, without a pause; one that is never ended is none. With `changesFiles` it
   * is kept exactly if the changes are that file systems have made so far: never one without the other.
   */
  begin(changesFiles: boolean): RecordSink;
  /** The unit is whole. False where there is nothing in it. */
  end(): boolean;
  /** False from when records could not be kept: nothing outlives the process any more. True for good where absent. */
  readonly isWhole?: boolean;
  /** Hands what was appended to the operating system: to be called before a reply leaves that depends on it. Cheap where nothing is new. Throws where that
   * cannot be done now: nothing leaves then, and it is called again. */
  flush(): void;
}

/** Why a binding of a connection to a session ended. */
export type UnbindReason = 'explicit' | 'disconnect' | 'session_destroy' | 'reaper' | 'drained';

/** What happens inside the engine, for logs and metrics. Listeners must not throw and must return at once. */
export type EngineEvent =
  | {
      readonly type: 'connection_opened';
      readonly connection: number;
      readonly remote: string;
      readonly local: string;
    }
  | { readonly type: 'connection_closed'; readonly connection: number; readonly reason: string }
  | {
      readonly type: 'connection_refused';
      readonly remote: string;
      readonly local: string;
      readonly reason: 'limit' | 'drained' | 'stopping';
    }
  | {
      readonly type: 'client_confirmed';
      readonly client: string;
      readonly owner: string;
      readonly remote: string;
    }
  | {
      readonly type: 'client_removed';
      readonly client: string;
      readonly reason: 'destroyed' | 'expired' | 'replaced' | 'evicted';
    }
  | {
      readonly type: 'session_created';
      readonly session: string;
      readonly client: string;
      readonly slots: number;
    }
  | {
      readonly type: 'session_destroyed';
      readonly session: string;
      /** By DESTROY_SESSION, with its client, by the operator, or as its client's lease had ended. */
      readonly reason: 'destroyed' | 'client' | 'evicted' | 'expired';
    }
  | {
      readonly type: 'bound';
      readonly connection: number;
      readonly session: string;
      readonly direction: 'fore' | 'back' | 'both';
    }
  | {
      readonly type: 'unbound';
      readonly connection: number;
      readonly session: string;
      readonly reason: UnbindReason;
    }
  | {
      /** A connection came to a session that has as many as it may. Once for each connection and session, until it is bound. */
      readonly type: 'over_limit';
      readonly connection: number;
      readonly session: string;
      readonly how: 'explicit' | 'implicit';
    }
  | { readonly type: 'drain_started'; readonly target: string; readonly connections: number }
  | {
      readonly type: 'drained';
      readonly target: string;
      readonly connections: number;
      /** Those that had to be closed while they were still busy. */
      readonly forced: number;
    }
  | { readonly type: 'undrained'; readonly target: string }
  | {
      readonly type: 'settings_changed';
      readonly changes: readonly { readonly setting: string; readonly from: unknown; readonly to: unknown }[];
    }
  | { readonly type: 'grace_started'; readonly seconds: number; readonly clients: number }
  | { readonly type: 'grace_ended' }
  | {
      /** The state of the last run is there as it was: no grace period. */
      readonly type: 'state_restored';
      readonly clients: number;
      readonly sessions: number;
      readonly opens: number;
      readonly locks: number;
      readonly delegations: number;
      /** Opens and delegations of files or shares that are gone. */
      readonly dropped: number;
    }
  | { readonly type: 'state_refused'; readonly error: unknown }
  | { readonly type: 'fault'; readonly operation: string; readonly error: unknown };

export type EventListener = (event: EngineEvent) => void;
