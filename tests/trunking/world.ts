import type { NfsClient } from '../../packages/nfs/src/client/index.ts';
import {
  CallbackService,
  CreateSessionFlag,
  nextXid,
  ROOT_CREDENTIAL,
  Session,
} from '../../packages/nfs/src/client/index.ts';
import type { Actor, Held, Link } from './actor.ts';
import type { Backend } from './backend.ts';
import { CallbackWatch } from './callbacks.ts';
import { Ledger } from './ledger.ts';
import { Tally } from './tally.ts';

/** An invariant does not hold. */
export class Violation extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Violation';
  }
}

const MAX_TRACE = 60;

/** All that one history knows. */
export class World {
  readonly backend: Backend;
  readonly minor: 1 | 2;
  readonly credential = ROOT_CREDENTIAL;
  readonly backFlag = CreateSessionFlag.CONN_BACK_CHAN;
  readonly callbacks = new CallbackService();
  readonly watch: CallbackWatch;
  readonly ledger = new Ledger();
  readonly tally: Tally;
  readonly actors: Actor[] = [];
  /** Clients that say nothing any more, with all that they had still open. */
  readonly silent: Actor[] = [];
  readonly trace: string[] = [];
  readonly counts = { requests: 0, replays: 0, steps: 0, callbacks: 0, checks: 0 };
  /** Connections that one session may have; 0 is unlimited. */
  limit: number;
  /** Requests of connections when they were first seen to drain. */
  readonly drainedAt = new Map<number, number>();
  /** Sessions that have had connections unbound when the limit was lowered. */
  readonly squeezed = new Set<Held>();
  /** The directory that the history works in. */
  directory: Buffer = Buffer.alloc(0);
  readonly sharedHandles: Buffer[] = [];
  lockHandle: Buffer = Buffer.alloc(0);
  /** Time has passed in which leases may have ended. */
  longTime = false;
  /** New connections are refused for now. */
  refusing = false;
  /** Counts names that are used once. */
  #names = 0;
  #failure: Error | undefined;
  #trying = false;
  readonly #tasks = new Map<Promise<void>, string>();
  readonly #links = new Map<number, Link>();
  readonly #sessions = new Map<string, Held>();

  constructor(backend: Backend, minor: 1 | 2) {
    this.backend = backend;
    this.minor = minor;
    this.tally = new Tally(backend.inside?.events ?? []);
    this.limit = backend.inside?.server.control.settings().maxConnectionsPerSession ?? 0;
    this.watch = new CallbackWatch(this);
    nextXid();
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Ends the history: the first failure is the one that counts. */
  fail(message: string): never {
    const violation = new Violation(message);
    if (!this.#trying) this.#failure ??= violation;
    throw violation;
  }

  /** Whether the check holds by now: over TCP each side may still have to hear from the other. */
  holds(check: () => void): boolean {
    this.#trying = true;
    try {
      check();
      return true;
    } catch (error) {
      if (error instanceof Violation) return false;
      throw error;
    } finally {
      this.#trying = false;
    }
  }

  remember(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  /** Takes in what the engine has told since. */
  readEvents(): void {
    for (const wrong of this.tally.read()) this.fail(wrong);
  }

  check(holds: boolean, message: string): void {
    this.counts.checks++;
    if (!holds) this.fail(message);
  }

  note(text: string): void {
    this.trace.push(text);
    if (this.trace.length > MAX_TRACE) this.trace.shift();
  }

  name(prefix: string): string {
    return `${prefix}${++this.#names}`;
  }

  /** Goes on beside the following steps. */
  launch(name: string, work: Promise<unknown>): void {
    const task = work.then(
      () => undefined,
      (error: unknown) => this.remember(error),
    );
    this.#tasks.set(task, name);
    void task.then(() => this.#tasks.delete(task));
  }

  get everyone(): Actor[] {
    return [...this.actors, ...this.silent];
  }

  get running(): number {
    return this.#tasks.size;
  }

  get runningNames(): string[] {
    return [...this.#tasks.values()];
  }

  async pause(): Promise<void> {
    if (this.backend.time === undefined) await this.backend.pause();
    else await new Promise((resolve) => setImmediate(resolve));
  }

  noteLink(link: Link): void {
    this.#links.set(link.port, link);
  }

  linkAt(port: number): Link | undefined {
    return this.#links.get(port);
  }

  noteSession(held: Held): void {
    this.#sessions.set(held.name, held);
  }

  sessionNamed(name: string): Held | undefined {
    return this.#sessions.get(name);
  }

  get sessionsEver(): Iterable<Held> {
    return this.#sessions.values();
  }

  makeSession(
    client: NfsClient,
    created: ConstructorParameters<typeof Session>[1],
    connection: ConstructorParameters<typeof Session>[2],
  ): Session {
    return new Session(client, created, connection);
  }

  /** Some delegation has been taken away: what its holder believes is no longer certain. */
  revoked(): boolean {
    const { inside } = this.backend;
    return inside === undefined || inside.server.control.counters().delegations.revoked > 0;
  }

  /** The session has met its limit: what it was told of its connections may have changed. */
  unsettled(held: Held): boolean {
    const { inside } = this.backend;
    if (inside === undefined) return true;
    return this.squeezed.has(held) || (inside.server.control.session(held.name)?.overLimit ?? 0) > 0;
  }

  /** The session has, or had a moment ago, as many connections as it may. */
  mayBeFull(held: Held): boolean {
    const { inside } = this.backend;
    if (inside === undefined) return true;
    if (this.limit === 0) return false;
    const bound = inside.server.control.session(held.name)?.summary.total ?? 0;
    return bound >= this.limit;
  }
}
