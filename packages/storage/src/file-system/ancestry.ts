import { setImmediate as nextTurn } from 'node:timers/promises';
import { FsError } from '@dfs/nfs';
import type { Core } from './core.ts';
import type { Inode } from './inode.ts';

/**
 * Finds out whether `toDir` is `source`, a directory in `fromDir`, or lies below it. Costs what lies between the two directories, not how deep
 * they are: both ways up are gone in step, and above where they meet there is nothing that lies in `fromDir`.
 */
export class Climb {
  readonly source: Inode;
  readonly toDir: Inode;
  readonly #core: Core;
  readonly #aboveFrom = new Set<number>();
  readonly #aboveTo = new Set<number>();
  #from: number;
  #to: number;

  constructor(core: Core, source: Inode, fromDir: Inode, toDir: Inode) {
    this.#core = core;
    this.source = source;
    this.toDir = toDir;
    this.#from = fromDir.fileid;
    this.#to = toDir.fileid;
  }

  /** Goes up so many levels at the most; undefined where that was not enough to know. */
  climb(levels: number): boolean | undefined {
    const { inodes } = this.#core;
    for (let level = 0; level < levels; level++) {
      const [from, to] = [this.#from, this.#to];
      if (to === this.source.fileid) return true;
      if (this.#aboveTo.has(to)) throw new FsError('EIO', `directory ${to} lies below itself`);
      this.#aboveTo.add(to);
      this.#aboveFrom.add(from);
      if (this.#aboveFrom.has(to) || this.#aboveTo.has(from)) return false;
      this.#to = inodes.parentOf(to);
      // The top is its own parent, and no directory lies above it.
      if (this.#to === to) return false;
      this.#from = inodes.parentOf(from);
    }
    return undefined;
  }
}

/**
 * Moves of directories from one parent to another that take more than one turn of the event loop, one at a time: while there is one, others
 * must wait, so that no directory gets another parent while a way up is gone.
 */
export class Moves {
  #last: Promise<void> | undefined;

  get isBusy(): boolean {
    return this.#last !== undefined;
  }

  /** Calls `step` once in each turn until it has no other wish, after all that were asked for before. */
  run(step: () => 'again' | 'done'): Promise<void> {
    const before = this.#last;
    const task = (async () => {
      await before?.catch(() => {});
      while (step() === 'again') await nextTurn();
    })();
    this.#last = task;
    const over = () => {
      if (this.#last === task) this.#last = undefined;
    };
    task.then(over, over);
    return task;
  }
}
