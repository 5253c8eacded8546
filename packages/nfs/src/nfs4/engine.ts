import type { Clock, EventListener, Randomness } from '../contracts.ts';
import type { EngineSettings } from '../control.ts';
import type { Limits } from '../limits.ts';
import type { Callbacks } from './callback/callbacks.ts';
import type { Recalls } from './callback/recall.ts';
import type { Counters } from './counters.ts';
import type { Namespace } from './exports.ts';
import type { ServerIdentity } from './identity.ts';
import type { Owners } from './owners.ts';
import type { Persistence } from './persist/persistence.ts';
import type { State } from './state/state.ts';

/** What every operation may use. */
export interface Engine {
  readonly limits: Limits;
  /** Read at each use: they change while serving. */
  settings: EngineSettings;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly namespace: Namespace;
  readonly state: State;
  readonly owners: Owners;
  readonly emit: EventListener;
  /** Operations that the operator has switched off. */
  blockedOperations: ReadonlySet<number>;
  readonly identity: ServerIdentity;
  readonly callbacks: Callbacks;
  readonly recalls: Recalls;
  readonly counters: Counters;
  /** Absent without a journal: then no session outlives the process. */
  readonly persistence: Persistence | undefined;
  /** Tells file systems that nobody will come any more who held a file before this start; once each, and not before that is so. */
  settled(): void;
}
