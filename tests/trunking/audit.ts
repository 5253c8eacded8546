import type { Awaitable, FileSystem } from '../../packages/nfs/src/vfs/index.ts';
import { MemoryFileSystem } from '../../packages/nfs/test/support/memory-fs.ts';
import type { MemoryNode } from '../../packages/nfs/test/support/memory-node.ts';

/** Names that begin so are held at the gate until it opens: their requests stay in flight. */
export const SLOW = 'slow-';

/** A file system in memory that knows how often each thing was done, and can keep the doing waiting. */
export class AuditedFiles {
  readonly fileSystem: FileSystem;
  /** Objects made, by name: every name of a history is used once. */
  readonly made = new Map<string, number>();
  /** Renames carried out, by the new name. */
  readonly renamed = new Map<string, number>();
  /** What was done twice. */
  readonly doubles: string[] = [];
  /** Retained and not released. */
  retained = 0;
  #waiting: (() => void)[] = [];

  constructor() {
    const inner = new MemoryFileSystem();
    const { createObject, rename, retain, release } = inner;
    const over = {
      createObject: (...args: Parameters<typeof createObject>): Awaitable<MemoryNode> =>
        this.#gated(args[2], () => {
          const node = createObject.apply(inner, args);
          this.#count(this.made, args[2]);
          return node;
        }),
      rename: (...args: Parameters<typeof rename>): Awaitable<void> =>
        this.#gated(args[3], () => {
          rename.apply(inner, args);
          this.#count(this.renamed, args[3]);
        }),
      retain: (node: MemoryNode) => {
        this.retained++;
        retain.call(inner, node);
      },
      release: (node: MemoryNode) => {
        this.retained--;
        release.call(inner, node);
      },
    };
    this.fileSystem = Object.assign(inner, over) as unknown as FileSystem;
  }

  get held(): number {
    return this.#waiting.length;
  }

  #count(map: Map<string, number>, name: string): void {
    const times = (map.get(name) ?? 0) + 1;
    map.set(name, times);
    if (times > 1) this.doubles.push(name);
  }

  #gated<T>(name: string, run: () => T): Awaitable<T> {
    if (!name.startsWith(SLOW)) return run();
    return new Promise<void>((resolve) => this.#waiting.push(resolve)).then(run);
  }

  /** Lets all that waits go on; true where something did. */
  open(): boolean {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
    return waiting.length > 0;
  }
}
