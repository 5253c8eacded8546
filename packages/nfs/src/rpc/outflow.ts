import type { Socket } from 'node:net';
import { returnMemory, takeMemory } from '../memory.ts';
import type { Stretch } from '../vfs/index.ts';

/** What is read of a stretch to memory where the socket takes no more of it: the smallest that is kept for its next use. */
const PIECE_BYTES = 64 * 1024;

/** Something to write, and what is to be done when it has left. */
export interface Part {
  readonly bytes: Buffer;
  readonly written: () => void;
}

export type Piece = Part | Stretch;

/**
 * The descriptor of a TCP socket, for who sends past Node; undefined where there is none. Node does not show it, and has one also for a socket whose
 * bytes it encrypts, so the kind of handle is looked at.
 */
export function descriptorOf(socket: Socket): number | undefined {
  const handle = (socket as unknown as { _handle?: unknown })._handle;
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return undefined;
  if (handle.constructor.name !== 'TCP') return undefined;
  const { fd } = handle;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}

/**
 * Writes to a socket what comes partly from memory and partly from files, in order. What a stretch is behind has left Node before it is sent, and
 * what comes behind one waits for it: here, as Node would write it at once.
 *
 * Whether a socket that was full takes more again, Node says only of what it writes by itself. So the next piece of the stretch is read and given to Node,
 * and when that has left, the rest is sent from the file again.
 */
export class Outflow {
  readonly #socket: Socket;
  readonly #progress: () => void;
  readonly #queue: Piece[] = [];
  #queued = 0;
  /** Bytes of the stretch at the front that have been sent. */
  #sent = 0;
  #reading = false;
  #pumping = false;
  #then: (() => void)[] = [];

  /** `progress` is called when something has left that had to wait. */
  constructor(socket: Socket, progress: () => void) {
    this.#socket = socket;
    this.#progress = progress;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Bytes that wait here, beside those that wait in the socket. */
  get bytes(): number {
    return this.#queued - this.#sent;
  }

  /** To be pumped afterwards. */
  push(piece: Piece): void {
    this.#queue.push(piece);
    this.#queued += lengthOf(piece);
  }

  /** Calls back when all that was pushed is the socket's: at once where it is. Never where the socket is destroyed before. */
  whenEmpty(then: () => void): void {
    if (this.isEmpty) then();
    else this.#then.push(then);
  }

  /** Writes as much as the socket takes now. */
  pump(): void {
    if (this.#reading || this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.isEmpty && this.#next());
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : new Error(String(error)));
      this.discard();
    } finally {
      this.#pumping = false;
    }
    if (!this.isEmpty) return;
    const then = this.#then;
    this.#then = [];
    for (const call of then) call();
  }

  /** The socket was destroyed: gives back all that waits. */
  discard(): void {
    const queue = this.#queue.splice(0);
    this.#queued = 0;
    this.#sent = 0;
    this.#then = [];
    for (const piece of queue) giveBack(piece);
  }

  /** True where there may be more to do at once. */
  #next(): boolean {
    const [front] = this.#queue;
    const { destroyed, writable } = this.#socket;
    if (front === undefined || destroyed || !writable) {
      this.discard();
      return false;
    }
    if (!('bytes' in front)) return this.#send(front);
    this.#writeParts();
    return true;
  }

  readonly #left = (): void => {
    this.pump();
    this.#progress();
  };

  /** All up to the next stretch together. */
  #writeParts(): void {
    const socket = this.#socket;
    socket.cork();
    for (;;) {
      const [front] = this.#queue;
      if (front === undefined || !('bytes' in front)) break;
      this.#shift(front);
      const { bytes, written } = front;
      socket.write(bytes, () => {
        written();
        this.#left();
      });
    }
    socket.uncork();
  }

  #shift(front: Piece): void {
    this.#queue.shift();
    this.#queued -= lengthOf(front);
    this.#sent = 0;
  }

  #send(stretch: Stretch): boolean {
    // What Node has yet to write comes first; it calls back.
    if (this.#socket.writableLength > 0) return false;
    const descriptor = descriptorOf(this.#socket);
    if (descriptor === undefined) throw new Error('the socket has no descriptor any more');
    const taken = stretch.send(descriptor, this.#sent);
    if (taken === 0) return this.#writePiece(stretch);
    this.#advance(stretch, taken);
    return true;
  }

  #advance(stretch: Stretch, count: number): void {
    this.#sent += count;
    if (this.#sent < stretch.length) return;
    this.#shift(stretch);
    stretch.release();
  }

  #writePiece(stretch: Stretch): boolean {
    const memory = takeMemory(PIECE_BYTES);
    const piece = memory.subarray(0, Math.min(PIECE_BYTES, stretch.length - this.#sent));
    const reading = stretch.read(this.#sent, piece);
    if (reading instanceof Promise) {
      this.#reading = true;
      this.#writeLater(stretch, piece, memory, reading);
      return false;
    }
    this.#write(stretch, piece, memory);
    return true;
  }

  #writeLater(stretch: Stretch, piece: Buffer, memory: Buffer, reading: Promise<void>): void {
    const ended = (error?: unknown): void => {
      this.#reading = false;
      if (error === undefined && this.#queue[0] === stretch && !this.#socket.destroyed) {
        this.#write(stretch, piece, memory);
        this.#left();
        return;
      }
      returnMemory(memory);
      this.#socket.destroy(error instanceof Error ? error : undefined);
      this.discard();
    };
    reading.then(() => ended(), ended);
  }

  #write(stretch: Stretch, piece: Buffer, memory: Buffer): void {
    this.#advance(stretch, piece.length);
    this.#socket.write(piece, () => {
      returnMemory(memory);
      this.#left();
    });
  }
}

function lengthOf(piece: Piece): number {
  return 'bytes' in piece ? piece.bytes.length : piece.length;
}

function giveBack(piece: Piece): void {
  if ('bytes' in piece) piece.written();
  else piece.release();
}
