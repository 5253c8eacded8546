import type { Socket } from 'node:net';

const SLAB_BYTES = 64 * 1024;
/** Messages above this are handed over rather than copied. */
export const COPY_LIMIT = 16 * 1024;

/** Memory for small messages of all connections: filled from front to back, never written again, left to the collector when full. */
class Slab {
  #buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #used = 0;

  /** Copies a message to the slab; where it lies right behind `previous`, the two become one view. */
  append(message: Uint8Array, previous: Buffer | undefined): { view: Buffer; merged: boolean } {
    if (this.#used + message.length > this.#buffer.length) {
      this.#buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#buffer.set(message, start);
    this.#used += message.length;
    const merged =
      previous !== undefined &&
      previous.buffer === this.#buffer.buffer &&
      previous.byteOffset + previous.length === this.#buffer.byteOffset + start;
    const from = merged ? start - previous.length : start;
    return { view: this.#buffer.subarray(from, this.#used), merged };
  }
}

const slab = new Slab();

/** Gathers what one turn of the event loop has to say on a socket, and writes it together. */
export class Output {
  readonly #socket: Socket;
  #parts: Buffer[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get empty(): boolean {
    return this.#parts.length === 0;
  }

  /** Copies a small message. */
  copy(message: Uint8Array): void {
    const last = this.#parts.length - 1;
    const { view, merged } = slab.append(message, this.#parts[last]);
    if (merged) this.#parts[last] = view;
    else this.#parts.push(view);
  }

  /** Takes over a message that nobody writes to any more. */
  give(message: Buffer): void {
    this.#parts.push(message);
  }

  /** Writes all that was gathered. */
  flush(): void {
    const parts = this.#parts;
    if (parts.length === 0) return;
    this.#parts = [];
    const socket = this.#socket;
    if (socket.destroyed || !socket.writable) return;
    if (parts.length === 1) {
      socket.write(parts[0]!);
      return;
    }
    socket.cork();
    for (const part of parts) socket.write(part);
    socket.uncork();
  }
}
