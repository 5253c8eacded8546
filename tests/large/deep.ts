import { Attr, ops, Status } from '../../packages/nfs/src/client/index.ts';
import { FileType } from '../../packages/nfs/src/vfs/index.ts';
import type { Daemon } from './daemon.ts';
import type { Options } from './options.ts';
import type { Report } from './report.ts';
import { cpuOf, EACH, forAll, makeDirectory, newDirectory, removeName } from './work.ts';

/** What noise explains, and a step for each level does not. */
const BOUND = 5;
const WALK_LEVELS = 50;
const SAMPLE = 400;
const ROUNDS = 2;
const MOVES = 200;
/** Levels that the server goes up before others get their turn are far fewer than this. */
const NOTICED = 20_000;
const LEAST_ANSWERS = 5;

/** Directories in each other, and directories side by side. */
export class Deep {
  readonly #daemon: Daemon;
  readonly #report: Report;
  /** From the top down; the last is empty. */
  readonly #levels: readonly Buffer[];
  readonly #wide: number;

  private constructor(daemon: Daemon, report: Report, levels: readonly Buffer[], wide: number) {
    this.#daemon = daemon;
    this.#report = report;
    this.#levels = levels;
    this.#wide = wide;
  }

  static async make(daemon: Daemon, { depth, wide }: Options, report: Report): Promise<Deep> {
    const levels = [await newDirectory(daemon, daemon.root, 'd')];
    while (levels.length < depth) {
      const count = Math.min(EACH, depth - levels.length);
      const down = Array.from({ length: count }, () => [
        ...[ops.create({ type: FileType.DIRECTORY }, 'd', { mode: 0o755 }), ops.getfh()],
      ]).flat();
      const made = await daemon.session.run([ops.putfh(levels.at(-1)!), ...down]);
      for (let i = 0; i < count; i++) levels.push(made[2 + 2 * i] as Buffer);
    }
    report.note(`${depth} directories deep are made`);
    const side = await newDirectory(daemon, daemon.root, 'wide');
    await forAll(daemon, wide, (i) => makeDirectory(side, `d${i}`));
    const [, { numlinks }] = await daemon.session.run([ops.putfh(side), ops.getattr([Attr.NUMLINKS])]);
    report.expect(numlinks === wide + 2, `${numlinks} links of a directory of ${wide} directories`);
    report.note(`${wide} directories side by side are made`);
    return new Deep(daemon, report, levels, wide);
  }

  /** The same, of a share that was stopped and started. */
  on(daemon: Daemon): Deep {
    return new Deep(daemon, this.#report, this.#levels, this.#wide);
  }

  /** From the top down to the last, and up again. */
  async walk(): Promise<void> {
    const daemon = this.#daemon;
    const levels = this.#levels;
    const bottom = levels.length - 1;
    const go = async (from: number, steps: number) => {
      const path = Array.from({ length: steps }, () => ops.lookup('d'));
      const found = await daemon.session.run([ops.putfh(levels[from]!), ...path, ops.getfh()]);
      if (!levels[from + steps]!.equals(found.at(-1) as Buffer))
        this.#report.expect(false, `the way down from level ${from} leads elsewhere`);
    };
    for (let at = 0; at < bottom; at += WALK_LEVELS) await go(at, Math.min(WALK_LEVELS, bottom - at));
    const often = (from: number) =>
      cpuOf(daemon, SAMPLE * WALK_LEVELS, async () => {
        for (let i = 0; i < SAMPLE; i++) await go(from, WALK_LEVELS);
      });
    const [tops, belows]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      tops.push(await often(0));
      belows.push(await often(bottom - WALK_LEVELS));
    }
    this.#report.ratio(`a lookup ${bottom} levels down`, Math.min(...belows), Math.min(...tops), BOUND);
    const up = Array.from({ length: WALK_LEVELS }, () => ops.lookupp());
    const found = await daemon.session.run([ops.putfh(levels.at(-1)!), ...up, ops.getfh()]);
    this.#report.expect(
      levels.at(-1 - WALK_LEVELS)!.equals(found.at(-1) as Buffer),
      'the way up leads elsewhere',
    );
  }

  /** Moves of a directory that has directories below it: a step at the top, a step at the bottom, and all the way. */
  async move(): Promise<void> {
    const { session, root } = this.#daemon;
    const levels = this.#levels;
    const mover = await newDirectory(this.#daemon, root, 'mover');
    await newDirectory(this.#daemon, mover, 'inside');
    const move = (from: Buffer, to: Buffer, name = 'mover') =>
      session.compound([ops.putfh(from), ops.savefh(), ops.putfh(to), ops.rename(name, 'mover')]);
    const steps = async (a: Buffer, b: Buffer) => {
      for (let i = 0; i < MOVES; i += 2) {
        const [there, back] = [await move(a, b), await move(b, a)];
        this.#report.expect(there.status === Status.OK && back.status === Status.OK, 'a move by two levels');
      }
    };
    await steps(root, levels[1]!);
    const top = await cpuOf(this.#daemon, MOVES, () => steps(root, levels[1]!));
    const bottom = levels.at(-1)!;
    await this.#allTheWay(() => move(root, bottom));
    const below = await cpuOf(this.#daemon, MOVES, () => steps(bottom, levels.at(-3)!));
    this.#report.ratio(`a move by two levels, ${levels.length} down`, below, top, BOUND);
    const ring = await move(root, bottom, 'd');
    this.#report.expect(ring.status === Status.INVAL, `a tower moved below itself: ${ring.status}`);
    const up = await move(bottom, root);
    this.#report.expect(up.status === Status.OK, `moved from the bottom to the top: ${up.status}`);
    await session.run([...removeName(mover, 'inside'), ...removeName(root, 'mover')]);
  }

  /** While one directory goes all the way down, others are answered. */
  async #allTheWay(move: () => Promise<{ readonly status: number }>): Promise<void> {
    const { session, root } = this.#daemon;
    let moved: number | undefined;
    let answers = 0;
    const moving = move().then(({ status }) => {
      moved = status;
    });
    for (; moved === undefined; answers++) await session.run([ops.putfh(root), ops.getattr([Attr.TYPE])]);
    await moving;
    this.#report.expect(moved === Status.OK, `moved from the top to the bottom: ${moved}`);
    this.#report.note(
      `${answers} requests were answered while a directory went ${this.#levels.length} levels down`,
    );
    if (this.#levels.length >= NOTICED)
      this.#report.expect(answers >= LEAST_ANSWERS, 'a move all the way down held up the others');
  }

  async remove(): Promise<void> {
    const daemon = this.#daemon;
    for (let at = this.#levels.length - 2; at >= 0; ) {
      const list = [];
      for (let i = 0; i < EACH && at >= 0; i++, at--) list.push(...removeName(this.#levels[at]!, 'd'));
      await daemon.session.run(list);
    }
    const [, , side] = await daemon.session.run([ops.putfh(daemon.root), ops.lookup('wide'), ops.getfh()]);
    await forAll(daemon, this.#wide, (i) => removeName(side, `d${i}`));
    await daemon.session.run([...removeName(daemon.root, 'd'), ...removeName(daemon.root, 'wide')]);
    const [, { numlinks }] = await daemon.session.run([ops.putfh(daemon.root), ops.getattr([Attr.NUMLINKS])]);
    this.#report.expect(numlinks === 2, `the top has ${numlinks} links when all is gone`);
  }
}
