import type { EngineEvent, EventListener, UnbindReason } from '../contracts.ts';
import { type Direction, LATENCY_BUCKETS, type OperationCounter } from '../control.ts';
import { cbOpName, Op, Status, statusName } from './constants/index.ts';
import { Load, latencyBucket, ShareLoads } from './load.ts';

type SessionEnd = 'destroyed' | 'client' | 'evicted' | 'expired';

const OPERATION_NUMBERS = 1 + Math.max(...Object.values(Op).filter((op) => op !== Op.ILLEGAL));

/** Outcomes and times of one operation. */
class Outcomes implements OperationCounter {
  readonly latency: number[] = new Array<number>(LATENCY_BUCKETS.length + 1).fill(0);
  seconds = 0;
  /** Apart from the others: it is nearly all of them. */
  #ok = 0;
  readonly #others = new Map<number, number>();

  add(status: number, seconds: number | undefined): void {
    if (status === Status.OK) this.#ok++;
    else this.#others.set(status, (this.#others.get(status) ?? 0) + 1);
    if (seconds === undefined) return;
    this.latency[latencyBucket(seconds)]!++;
    this.seconds += seconds;
  }

  get statuses(): ReadonlyMap<number, number> {
    const all = new Map(this.#others);
    if (this.#ok > 0) all.set(Status.OK, this.#ok);
    return all;
  }
}

/** Numbers that only grow. What has an event is counted from that, so that log, metrics and listeners cannot disagree. */
export class Counters {
  /** Measure how long each operation takes: about 0.1 microseconds for each. */
  readonly timed: boolean;
  readonly bind: Record<Direction, number> = { fore: 0, back: 0, both: 0 };
  readonly unbind: Record<UnbindReason, number> = {
    explicit: 0,
    disconnect: 0,
    session_destroy: 0,
    reaper: 0,
    drained: 0,
  };
  readonly overLimit = { explicit: 0, implicit: 0 };
  readonly drained = { clean: 0, forced: 0 };
  connectionsOpened = 0;
  connectionsRefused = 0;
  sessionsCreated = 0;
  readonly sessionsDestroyed: Record<SessionEnd, number> = {
    destroyed: 0,
    client: 0,
    evicted: 0,
    expired: 0,
  };
  readonly sequenceErrors = new Map<string, number>();
  replays = 0;
  readonly operations = new Map<number, Outcomes>();
  /** The same of all numbers but that of ILLEGAL, at hand for each operation. */
  readonly #byNumber: (Outcomes | undefined)[] = new Array<undefined>(OPERATION_NUMBERS).fill(undefined);
  readonly callbacks = new Map<string, number>();
  requests = 0;
  readonly load = new Load();
  readonly shares = new ShareLoads();

  constructor(timed: boolean) {
    this.timed = timed;
  }

  /** A listener that counts, and hands on. */
  counting(next: EventListener): EventListener {
    return (event) => {
      this.#count(event);
      next(event);
    };
  }

  #count(event: EngineEvent): void {
    switch (event.type) {
      case 'bound':
        this.bind[event.direction]++;
        break;
      case 'unbound':
        this.unbind[event.reason]++;
        break;
      case 'over_limit':
        this.overLimit[event.how]++;
        break;
      case 'drained':
        this.drained.forced += event.forced;
        this.drained.clean += event.connections - event.forced;
        break;
      case 'connection_opened':
        this.connectionsOpened++;
        break;
      case 'connection_refused':
        this.connectionsRefused++;
        break;
      case 'session_created':
        this.sessionsCreated++;
        break;
      case 'session_destroyed':
        this.sessionsDestroyed[event.reason]++;
        break;
    }
  }

  /** Counts an operation's outcome, and how many seconds it took, where that is known. */
  operation(op: number, status: number, seconds: number | undefined): void {
    (this.#byNumber[op] ?? this.#outcomes(op)).add(status, seconds);
    if (op === Op.SEQUENCE && status !== Status.OK) bump(this.sequenceErrors, statusName(status));
  }

  #outcomes(op: number): Outcomes {
    let outcomes = this.operations.get(op);
    if (outcomes === undefined) {
      outcomes = new Outcomes();
      this.operations.set(op, outcomes);
      if (op < this.#byNumber.length) this.#byNumber[op] = outcomes;
    }
    return outcomes;
  }

  /** Counts what came of a callback; undefined where nobody could be reached. */
  callback(op: number, status: number | undefined): void {
    bump(this.callbacks, `${cbOpName(op)} ${status === undefined ? 'unreachable' : statusName(status)}`);
  }
}

function bump(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
