import { MemoryFileSystem } from './memory-fs.ts';

/** Nothing becomes stable before it is told. */
export class SlowFileSystem extends MemoryFileSystem {
  #gate: PromiseWithResolvers<void> | undefined;
  waiting = 0;

  stall(): void {
    this.#gate = Promise.withResolvers();
  }

  goOn(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  async stable(): Promise<void> {
    this.waiting++;
    await this.#gate?.promise;
    this.waiting--;
  }
}
