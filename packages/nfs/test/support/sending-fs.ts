import fs from 'node:fs';
import type { Awaitable, Stretch } from '../../src/vfs/index.ts';
import { MemoryFileSystem } from './memory-fs.ts';
import type { MemoryNode } from './memory-node.ts';

/** A file system whose files can be sent past the engine: from memory, by a write to the descriptor as sendfile(2) does it. */
export class SendingFileSystem extends MemoryFileSystem {
  /** Stretches that were given and not released yet. */
  held = 0;
  given = 0;
  sends = 0;
  pieces = 0;
  /** Bytes that are taken from memory by one send at the most; 0: nothing is at hand. */
  atOnce = Number.POSITIVE_INFINITY;
  /** What the next sends and reads of pieces fail with. */
  sendFails: Error | undefined;
  readFails: Error | undefined;
  /** Pieces are read by somebody who takes a while. */
  isSlow = false;

  stretch(node: MemoryNode, offset: number, count: number): Stretch {
    this.given++;
    this.held++;
    return {
      length: count,
      send: (descriptor, from) => this.#send(descriptor, node, offset + from, count - from),
      read: (from, target) => this.#piece(node, offset + from, target),
      release: () => {
        this.held--;
      },
    };
  }

  #send(descriptor: number, node: MemoryNode, offset: number, count: number): number {
    this.sends++;
    if (this.sendFails !== undefined) throw this.sendFails;
    const bytes = Buffer.alloc(Math.min(count, this.atOnce));
    const got = this.read(node, offset, bytes);
    if (got === 0) return 0;
    try {
      return fs.writeSync(descriptor, bytes, 0, got);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0;
      throw error;
    }
  }

  #piece(node: MemoryNode, offset: number, target: Buffer): Awaitable<void> {
    this.pieces++;
    const fill = () => {
      if (this.readFails !== undefined) throw this.readFails;
      target.fill(0, this.read(node, offset, target));
    };
    if (!this.isSlow) return fill();
    return new Promise((resolve) => setImmediate(resolve)).then(fill);
  }
}
