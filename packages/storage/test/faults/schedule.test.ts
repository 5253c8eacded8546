import fs from 'node:fs';
import { join } from 'node:path';
import { type FsError, Stability } from '@dfs/nfs';
import { describe, expect, test } from 'vitest';
import {
  checkDataDirectory,
  type DataDirectory,
  type Durability,
  type Inode,
  openDataDirectory,
  type ShareFileSystem,
} from '../../src/index.ts';
import { FolderPlace } from '../../src/journal/folder-place.ts';
import { Commits } from '../commits.ts';
import { cleanUpAfterEach, cleanups, closedOnce, ROOT, ROOT_DIRECTORY, random, scratch } from '../support.ts';
import { type Call, Faults, faultyContent, faultyMetadata, faultyPlace } from './faulty.ts';

cleanUpAfterEach();

/** Played in CI; by hand others, DFS_FAULT_SEEDS of them from DFS_FAULT_SEED on. */
const FIRST = Number(process.env['DFS_FAULT_SEED'] ?? 1);
const COUNT = Number(process.env['DFS_FAULT_SEEDS'] ?? 6);
const ACTS = 5;
const LANES = 3;
const STEPS = 25;
const NAMES = 3;
const MAX_DELAY_MS = 4;
const MAX_DOUBTS = 100;
const LIMITS = { fullRetryMs: 5, reserveBytes: 65_536 };
const CALLS: readonly Call[] = ['read', 'write', 'sync', 'commit', 'commit', 'journal'];
const CODES = ['EIO', 'EIO', 'ENOSPC', 'EROFS'];
/** What a failing disk may be told of with; EAGAIN while it is started. */
const REFUSALS = new Set(['EIO', 'ENOSPC', 'EROFS', 'EAGAIN']);
const ABSENT = null;

/** What a file holds, in latin1; null where there is none. */
type State = string | typeof ABSENT;
type Pick = (below: number) => number;

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const codeOf = (error: unknown): string | undefined => (error as Partial<FsError>).code;

/** One run of the stores, over faults. */
class World {
  readonly path: string;
  readonly faults = new Faults();
  readonly directory: DataDirectory;
  readonly share: ShareFileSystem;
  /** It was killed: what it still does is of no account. */
  isDead = false;
  readonly #commits: Commits;

  private constructor(
    path: string,
    faults: Faults,
    directory: DataDirectory,
    share: ShareFileSystem,
    commits: Commits,
  ) {
    this.path = path;
    this.faults = faults;
    this.directory = directory;
    this.share = share;
    this.#commits = commits;
  }

  static async open(path: string, durability: Durability): Promise<World> {
    const faults = new Faults();
    const commits = new Commits();
    const opened = await openDataDirectory(path, {
      durability,
      limits: LIMITS,
      bootId: () => 'this boot',
      journalPlace: faultyPlace(new FolderPlace(path), faults),
      between: {
        metadata: (store) => faultyMetadata(commits.counted(store), faults),
        content: (store) => faultyContent(store, faults),
      },
    });
    const directory = closedOnce(opened);
    cleanups.push(() => directory.close().catch(() => {}));
    return new World(path, faults, directory, await directory.openShare(1, ROOT_DIRECTORY), commits);
  }

  /** What the next run finds where this one ends now. What LMDB's thread is writing must be whole in the copy. */
  async killed(): Promise<string> {
    const path = join(await scratch(), 'copy');
    while (this.#commits.underWay > 0) await delay(1);
    fs.cpSync(this.path, path, { recursive: true });
    this.isDead = true;
    return path;
  }

  /** The cause is gone: it serves again. */
  async heal(): Promise<void> {
    this.faults.heal();
    this.faults.slowness = undefined;
    await this.directory.startShare(1);
    while (this.directory.figures.full) await delay(1);
    expect(this.share.stopped).toBeUndefined();
  }
}

/** A client with names of its own, and what it knows of them. */
class Lane {
  readonly #pick: Pick;
  readonly #names: readonly string[];
  /** All that a file may hold, by what was answered. */
  readonly #states = new Map<string, Set<State>>();

  constructor(number: number, pick: Pick) {
    this.#pick = pick;
    this.#names = Array.from({ length: NAMES }, (_, i) => `lane${number}-${i}`);
    for (const name of this.#names) this.#states.set(name, new Set([ABSENT]));
  }

  async play(world: World): Promise<void> {
    for (let step = 0; step < STEPS && !world.isDead; step++) {
      const [name, other] = [this.#any(), this.#any()];
      if (this.#of(name).size > MAX_DOUBTS) continue;
      await [this.#create, this.#write, this.#write, this.#cut, this.#remove, this.#rename, this.#commit][
        this.#pick(7)
      ]?.call(this, world, name, other);
      // Others come in between also where nothing waits.
      if (this.#pick(3) === 0) await delay(this.#pick(MAX_DELAY_MS));
    }
  }

  #any(): string {
    return this.#names[this.#pick(NAMES)] as string;
  }

  #of(name: string): Set<State> {
    return this.#states.get(name) as Set<State>;
  }

  async #create(world: World, name: string): Promise<void> {
    await this.#change(
      world,
      name,
      (state) => (state === ABSENT ? '' : undefined),
      (share) => share.createFile(share.root(), ROOT, name, {}),
    );
  }

  async #remove(world: World, name: string): Promise<void> {
    await this.#change(
      world,
      name,
      (state) => (state === ABSENT ? undefined : ABSENT),
      (share) => share.remove(share.root(), ROOT, name),
    );
  }

  async #cut(world: World, name: string): Promise<void> {
    const size = this.#pick(30);
    await this.#change(
      world,
      name,
      (state) => (state === ABSENT ? undefined : state.slice(0, size).padEnd(size, '\0')),
      (share) => share.setAttributes(share.lookup(share.root(), ROOT, name), ROOT, { size }),
    );
  }

  async #write(world: World, name: string): Promise<void> {
    const offset = this.#pick(30);
    const data = String.fromCharCode(97 + this.#pick(26)).repeat(1 + this.#pick(9));
    const stability = this.#pick(2) === 0 ? Stability.UNSTABLE : Stability.FILE_SYNC;
    const written = (state: State) =>
      state === ABSENT
        ? undefined
        : state.slice(0, offset).padEnd(offset, '\0') + data + state.slice(offset + data.length);
    await this.#change(
      world,
      name,
      written,
      (share) => {
        const file = share.lookup(share.root(), ROOT, name);
        return share.write(file, offset, Buffer.from(data, 'latin1'), stability);
      },
      stability !== Stability.UNSTABLE,
    );
  }

  /** From one name to another, where it is certain what they are: both are in doubt until it is answered. */
  async #rename(world: World, name: string, other: string): Promise<void> {
    const [[state, ...doubts], [, ...more]] = [[...this.#of(name)], [...this.#of(other)]];
    if (name === other || state === undefined || state === ABSENT || doubts.length + more.length > 0) return;
    const [from, to] = [new Set<State>([state, ABSENT]), new Set<State>([...this.#of(other), state])];
    this.#states.set(name, from).set(other, to);
    const code = await this.#attempt(world, (share) =>
      share.rename(share.root(), name, share.root(), other, ROOT),
    );
    if (code === undefined && !world.isDead) {
      this.#states.set(name, new Set([ABSENT])).set(other, new Set([state]));
    }
  }

  /** What is read once it is answered stays. */
  async #commit(world: World, name: string): Promise<void> {
    let found: State | undefined;
    const code = await this.#attempt(world, async (share) => {
      const file = share.lookup(share.root(), ROOT, name);
      await share.commit(file, 0, 0);
      found = await read(share, file);
    });
    if (world.isDead) return;
    if (code === 'ENOENT') found = ABSENT;
    if (code !== undefined && code !== 'ENOENT') return;
    this.#expect(name, found as State);
    if (code === undefined) this.#states.set(name, new Set([found as State]));
  }

  /** `effect` is undefined where the call must be refused. Without `keeps` its answer promises nothing. */
  async #change(
    world: World,
    name: string,
    effect: (state: State) => State | undefined,
    call: (share: ShareFileSystem) => unknown,
    keeps = true,
  ): Promise<void> {
    const before = this.#of(name);
    const possible = [...before].map(effect).filter((state) => state !== undefined);
    const after = new Set<State>(possible);
    // The bytes of a write may last without the size that it gave the file, as long as it is not answered.
    const cut = [...before].flatMap((state) => {
      const changed = effect(state);
      return typeof state === 'string' && typeof changed === 'string' ? [changed.slice(0, state.length)] : [];
    });
    this.#states.set(name, new Set([...before, ...after, ...cut]));
    const code = await this.#attempt(world, call);
    if (world.isDead) return;
    if (code === undefined) {
      expect(possible, `${name} was ${told(before)}`).not.toEqual([]);
      if (keeps) this.#states.set(name, after);
    } else if (code === 'EEXIST' || code === 'ENOENT') {
      expect(possible.length, `${name} was ${told(before)}: ${code}`).toBeLessThan(before.size);
      this.#states.set(name, before);
    }
  }

  /** Answers why it was refused, also by the commit that it waits for; undefined where it was not. */
  async #attempt(world: World, call: (share: ShareFileSystem) => unknown): Promise<string | undefined> {
    try {
      await call(world.share);
      await world.share.stable();
      return undefined;
    } catch (error) {
      const code = codeOf(error);
      if (!world.isDead && code !== 'EEXIST' && code !== 'ENOENT' && !REFUSALS.has(code ?? '')) throw error;
      return code ?? 'dead';
    }
  }

  #expect(name: string, found: State): void {
    const states = this.#of(name);
    expect(
      states.has(found) || isMixed(found, states),
      `${name} holds ${told([found])}, and may hold ${told(states)}`,
    ).toBe(true);
  }

  /** Holds what there is against what was answered, and makes it last. */
  async settle({ share }: World): Promise<void> {
    for (const name of this.#names) {
      let found: State = ABSENT;
      try {
        const file = share.lookup(share.root(), ROOT, name);
        await share.commit(file, 0, 0);
        found = await read(share, file);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
      }
      this.#expect(name, found);
      this.#states.set(name, new Set([found]));
    }
    await share.stable();
  }
}

async function read(share: ShareFileSystem, file: Inode): Promise<string> {
  const target = Buffer.alloc(file.size);
  return target.subarray(0, await share.read(file, 0, target)).toString('latin1');
}

/** What was not answered for good may be there in part: what the journal kept before was written over it again, though it has made the file longer. */
function isMixed(found: State, states: Iterable<State>): boolean {
  if (found === ABSENT) return false;
  const there = [...states].filter((state) => state !== ABSENT);
  if (there.length < 2 || !there.some(({ length }) => length === found.length)) return false;
  return [...found].every((byte, i) => there.some((state) => state[i] === byte));
}

const told = (states: Iterable<State>): string =>
  [...states].map((state) => JSON.stringify(state)).join(' or ');

/** Makes something fail, or go well again, or slow, a few times. */
async function trouble({ faults }: World, pick: Pick): Promise<void> {
  for (let change = 2 + pick(4); change > 0; change--) {
    await delay(pick(4 * MAX_DELAY_MS));
    const call = CALLS[pick(CALLS.length)] as Call;
    if (pick(4) === 0) faults.heal(pick(2) === 0 ? undefined : call);
    else faults.fail(call, CODES[pick(CODES.length)] as string);
    const slowMs = pick(MAX_DELAY_MS);
    faults.slowness = slowMs === 0 ? undefined : () => delay(slowMs);
  }
}

/** Undone in the order of the seed: how threads and timers fall between is the machine's. */
async function history(seed: number): Promise<void> {
  const pick = random(seed);
  const durability: Durability = pick(2) === 0 ? 'power' : 'crash';
  const lanes = Array.from({ length: LANES }, (_, number) => new Lane(number, random(seed * LANES + number)));
  let world = await World.open(await scratch(), durability);
  for (let act = 0; act < ACTS; act++) {
    const playing = Promise.all(lanes.map((lane) => lane.play(world)));
    // Told of when it is waited for.
    playing.catch(() => {});
    await trouble(world, pick);
    if (pick(3) === 0) {
      const path = await world.killed();
      world.faults.heal();
      await world.directory.startShare(1);
      await playing;
      await world.directory.close();
      world = await World.open(path, durability);
    } else {
      await world.heal();
      await playing;
      // A lane that was told of the failure late has met it again.
      await world.heal();
      if (pick(3) === 0) {
        await world.directory.close();
        world = await World.open(world.path, durability);
      }
    }
    for (const lane of lanes) await lane.settle(world);
  }
  await world.directory.close();
  expect((await checkDataDirectory(world.path)).findings.damage).toBe(0);
}

describe('whatever fails, and whenever, what was answered is there', () => {
  for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
    test(`DFS_FAULT_SEED=${seed} DFS_FAULT_SEEDS=1`, { timeout: 120_000 }, () => history(seed));
  }
});
