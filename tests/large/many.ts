import { FEW_ATTRIBUTES } from '../../bench/attributes.ts';
import { ops } from '../../packages/nfs/src/client/index.ts';
import type { Daemon } from './daemon.ts';
import type { Options } from './options.ts';
import type { Report } from './report.ts';
import { cpuOf, forAll, listAll, makeFile, nameOf, newDirectory, removeName } from './work.ts';

const MIB = 1024 * 1024;
/** What noise, cold caches and a tree of one or two more levels explain, and a step for each entry does not. */
const BOUND = 5;
const SMALL = 1_000;
/** Entries of small directories that the large one is held against: more than the server keeps in memory, where the large one is so too. */
const MOST_REFERENCE = 100_000;
/** How many times larger the large one is than all the small ones together, at the least. */
const LEAST_TIMES = 4;
const SAMPLE = 20_000;
const ROUNDS = 2;
/** Prime to every size: all names come by before one comes again. */
const SPREAD = 7919;
/** What a listing of any length may take: what the caches hold, and what the garbage collector lets lie. */
const LISTING_BYTES = 256 * MIB;

interface Directories {
  readonly large: Buffer;
  readonly count: number;
  /** Of {@link SMALL} entries each. */
  readonly small: readonly Buffer[];
}

/** One directory of very many files beside some of a thousand: made, looked up, listed, and listed while it is removed. */
export class Many {
  readonly #daemon: Daemon;
  readonly #report: Report;
  readonly #dirs: Directories;

  private constructor(daemon: Daemon, report: Report, dirs: Directories) {
    this.#daemon = daemon;
    this.#report = report;
    this.#dirs = dirs;
  }

  static async make(daemon: Daemon, { entries }: Options, report: Report): Promise<Many> {
    const large = await newDirectory(daemon, daemon.root, 'large');
    const small: Buffer[] = [];
    for (let i = 0; i < Math.min(entries / LEAST_TIMES, MOST_REFERENCE) / SMALL; i++)
      small.push(await newDirectory(daemon, daemon.root, `small-${i}`));
    const file = (i: number) => makeFile(daemon, small[Math.floor(i / SMALL)]!, nameOf(i % SMALL));
    const files = small.length * SMALL;
    const half = Math.floor(files / 2);
    // The first half has the compiler at work.
    await forAll(daemon, half, file);
    const one = await cpuOf(daemon, files - half, () => forAll(daemon, files - half, (i) => file(half + i)));
    const started = entries - Math.min(entries / 2, SAMPLE);
    await forAll(daemon, started, (i) => makeFile(daemon, large, nameOf(i)));
    const rest = entries - started;
    const last = await cpuOf(daemon, rest, () =>
      forAll(daemon, rest, (i) => makeFile(daemon, large, nameOf(started + i))),
    );
    report.ratio(`create in a directory of ${entries}`, last, one, BOUND);
    return new Many(daemon, report, { large, count: entries, small });
  }

  /** The same again, of a share that was stopped and started. */
  on(daemon: Daemon): Many {
    return new Many(daemon, this.#report, this.#dirs);
  }

  /** Of a few names again and again, which the server has in memory; then of names all over, each once. */
  async lookUp(): Promise<void> {
    const { large, count, small } = this.#dirs;
    const daemon = this.#daemon;
    const look = (place: (i: number) => readonly [Buffer, number]) =>
      forAll(daemon, SAMPLE, (i) => {
        const [dir, name] = place(i);
        return [ops.putfh(dir), ops.lookup(nameOf(name)), ops.getattr(FEW_ATTRIBUTES)];
      });
    const best = async (place: (i: number) => readonly [Buffer, number]): Promise<number> => {
      const rounds: number[] = [];
      for (let round = 0; round < ROUNDS; round++)
        rounds.push(await cpuOf(daemon, SAMPLE, () => look((i) => place(round * SAMPLE + i))));
      return Math.min(...rounds);
    };
    const spread = (i: number, among: number) => (i * SPREAD) % among;
    const few = await best((i) => [small[0]!, i % SMALL]);
    const fewOfMany = await best((i) => [large, Math.floor(count / 2) + (i % SMALL)]);
    this.#report.ratio(`lookup of few among ${count}`, fewOfMany, few, BOUND);
    const allOver = await best((i) => {
      const file = spread(i, small.length * SMALL);
      return [small[Math.floor(file / SMALL)]!, file % SMALL];
    });
    const many = await best((i) => [large, spread(i, count)]);
    this.#report.ratio(`lookup all over ${count}`, many, allOver, BOUND);
  }

  async list(): Promise<void> {
    const { large, count, small } = this.#dirs;
    const daemon = this.#daemon;
    let files = 0;
    const one = await cpuOf(daemon, small.length * SMALL, async () => {
      for (const dir of small) await listAll(daemon, dir, FEW_ATTRIBUTES, () => files++);
    });
    this.#report.expect(files === small.length * SMALL, `the small directories list ${files} files`);
    const seen = new Uint8Array(count);
    const before = daemon.memory();
    let [most, page] = [before, 0];
    const each = await cpuOf(daemon, count, () =>
      listAll(daemon, large, FEW_ATTRIBUTES, (name, at) => {
        this.#count(seen, name);
        if (at === page) return;
        page = at;
        most = Math.max(most, daemon.memory());
      }),
    );
    const times = new Set(seen);
    this.#report.expect(times.size === 1 && times.has(1), 'an entry was not listed once and only once');
    this.#report.ratio(`an entry of a listing of ${count}`, each, one, BOUND);
    const grown = most - before;
    this.#report.note(`listing ${count} entries took ${Math.round(grown / MIB)} MiB at the most`);
    this.#report.expect(grown < LISTING_BYTES, `listing took ${Math.round(grown / MIB)} MiB of memory`);
  }

  /** Entries go while others list them. */
  async remove(): Promise<void> {
    const { large, count, small } = this.#dirs;
    const daemon = this.#daemon;
    const files = small.length * SMALL;
    const one = await cpuOf(daemon, files, () =>
      forAll(daemon, files, (i) => removeName(small[Math.floor(i / SMALL)]!, nameOf(i % SMALL))),
    );
    const seen = new Uint8Array(count);
    const [each] = await Promise.all([
      cpuOf(daemon, count, () => forAll(daemon, count, (i) => removeName(large, nameOf(i)))),
      listAll(daemon, large, [], (name) => this.#count(seen, name)),
    ]);
    this.#report.expect(!seen.some((times) => times > 1), 'an entry was listed twice while others went');
    this.#report.ratio(`remove from ${count}, while they are listed`, each, one, BOUND);
    let left = 0;
    await listAll(daemon, large, [], () => left++);
    this.#report.expect(left === 0, `${left} entries are left after all were removed`);
    await forAll(daemon, small.length, (i) => removeName(daemon.root, `small-${i}`));
    await daemon.session.run([...removeName(daemon.root, 'large')]);
  }

  #count(seen: Uint8Array, name: string): void {
    const at = Number.parseInt(name.slice(nameOf(0).length - 1), 36);
    if (at < seen.length && name === nameOf(at)) seen[at] = seen[at]! + 1;
    else this.#report.expect(false, `listed ${name}, which nobody made`);
  }
}
