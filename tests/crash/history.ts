import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ops } from '../../packages/nfs/src/client/index.ts';
import { checkDataDirectory, type Durability, FINDINGS } from '../../packages/storage/src/index.ts';
import { Random } from '../trunking/random.ts';
import { Auditor } from './auditor.ts';
import { Caller } from './caller.ts';
import { Lane } from './lane.ts';
import type { Found } from './model.ts';
import { type ServerKind, type ServerOptions, ServerProcess, SHARE } from './server-process.ts';
import { World } from './world.ts';

const CALLERS = 3;
const LANES_EACH = 2;
/** The next write to the file clears it away. */
const LATER = 'CONTENT_LONG';
const SHOWN = 10;
const MIN_LOAD_MS = 15;
const MAX_LOAD_MS = 250;

export interface HistoryOptions {
  readonly seed: number;
  readonly rounds: number;
  readonly grade: Durability;
  readonly server: ServerKind;
  /** Empty, and all that the history leaves. */
  readonly folder: string;
  /** Of LD_PRELOAD, for a history that loses power. */
  readonly recorder: string | undefined;
}

/** What a history came to. */
export interface Tally {
  rounds: number;
  steps: number;
  inFlight: number;
  /** Of those in flight, how many had run when the server was killed. */
  hadRun: number;
  /** With grade `crash`, steps that a loss of power took back. */
  lost: number;
  /** Milliseconds from the start of the process until it listened, together. */
  starting: number;
}

/** Servers on one data directory, one after the other, and the clients that work with them. */
export abstract class History {
  readonly options: HistoryOptions;
  readonly random: Random;
  readonly world = new World();
  readonly callers: readonly Caller[];
  readonly auditor: Auditor;
  readonly lanes: readonly Lane[];
  readonly tally: Tally = { rounds: 0, steps: 0, inFlight: 0, hadRun: 0, lost: 0, starting: 0 };
  protected server: ServerProcess | undefined;

  constructor(options: HistoryOptions) {
    this.options = options;
    this.random = new Random(options.seed);
    this.callers = Array.from({ length: CALLERS }, (_, i) => new Caller(this.world, 'abc'.charAt(i)));
    this.auditor = new Auditor(this.world);
    this.lanes = this.callers.flatMap((caller) =>
      Array.from({ length: LANES_EACH }, (_, slot) => new Lane(this.world, caller, slot)),
    );
  }

  get everyone(): readonly Caller[] {
    return [...this.callers, this.auditor];
  }

  abstract run(): Promise<void>;

  /** Where the server's data lies now. */
  protected abstract get data(): string;

  /** Ends what is under way, however the history ended. */
  async end(): Promise<void> {
    for (const caller of this.everyone) caller.drop();
    const { server } = this;
    if (server !== undefined && !server.hasEnded) await server.kill().catch(() => {});
  }

  /** False where it was killed before it listened. */
  protected async start(env: ServerOptions['env'] = {}): Promise<boolean> {
    const { grade, server: kind, folder } = this.options;
    const began = performance.now();
    const options = { kind, durability: grade, data: this.data, home: join(folder, 'home'), env };
    this.server = new ServerProcess(options);
    const port = await this.server.ready();
    this.tally.starting += performance.now() - began;
    if (port === undefined) return false;
    this.world.port = port;
    return true;
  }

  /** All clients begin, with a folder for each lane. */
  protected async begin(): Promise<void> {
    for (const caller of this.everyone) {
      await caller.connect();
      await caller.introduce();
      await caller.session.reclaimComplete();
    }
    for (const lane of this.lanes) {
      const make = ops.create({ type: 2 }, lane.name, { mode: 0o755 });
      const values = await lane.caller.session.run([
        ops.putrootfh(),
        ops.lookup(SHARE.slice(1)),
        make,
        ops.getfh(),
      ]);
      lane.root = values[3];
    }
  }

  /** Lets all lanes work for a while, and until the server is gone. */
  protected async load(round: number): Promise<void> {
    const work = this.lanes.map((lane, at) => {
      lane.begin();
      return lane.work(Random.ofStep(this.options.seed, round * this.lanes.length + at));
    });
    const all = Promise.all(work);
    // Somebody looks at it only when the server is gone.
    all.catch(() => {});
    const pause = MIN_LOAD_MS + this.random.below(MAX_LOAD_MS - MIN_LOAD_MS);
    await this.untilGone(pause, all);
    await all;
    this.tally.steps += this.lanes.reduce((sum, { done }) => sum + done.length, 0);
    this.tally.inFlight += this.lanes.filter(({ inFlight }) => inFlight !== undefined).length;
  }

  /** The next server, with the machine as it is. */
  protected abstract startAgain(): Promise<boolean>;

  protected abstract untilGone(pauseMs: number, work: Promise<unknown>): Promise<void>;

  /** What is in the folder of each lane. */
  protected async look(): Promise<(readonly [Lane, Found])[]> {
    return await Promise.all(
      this.lanes.map(async (lane) => [lane, await this.auditor.look(lane.root)] as const),
    );
  }

  /** `dfs check` finds no damage. What waits to be cleared away it may find where the server was killed, but for `LATER`. */
  protected async check(path: string, wasKilled: boolean): Promise<void> {
    const { findings } = await checkDataDirectory(path);
    const bad = findings.kept.filter(
      ({ code }) => FINDINGS[code].kind === 'damage' || !(wasKilled || code === LATER),
    );
    const details = bad.slice(0, SHOWN).map((finding) => JSON.stringify(finding));
    this.world.check(
      bad.length === 0,
      `dfs check finds ${[...findings.counts].join(' ')}\n${details.join('\n')}`,
    );
  }

  /** Nothing is open any more; then the server is asked to stop, and what it has left is looked at. */
  protected async finish(): Promise<void> {
    for (const lane of this.lanes) {
      lane.forgetRequest();
      for (const open of lane.opens) await lane.caller.close(lane, open);
    }
    for (const caller of this.everyone) caller.drop();
    await this.server?.stop();
    // A start clears away what the one before was not given the time to.
    await this.startAgain();
    await this.server?.stop();
    await this.check(this.data, false);
  }

  protected async pause(ms: number): Promise<void> {
    await sleep(ms);
  }
}
