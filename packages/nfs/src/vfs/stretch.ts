import type { Awaitable } from './file-system.ts';

/**
 * Bytes of a file that lie with the host and can go from there to a socket without coming to this process' memory. They are sent after the answer
 * that promised them, so a change that is made meanwhile may show in them: the client has no answer yet, and READ beside a change is not atomic.
 */
export interface Stretch {
  /** Bytes, at least 1. So many are sent, whatever becomes of the file: zeros stand for those that it has no more. */
  readonly length: number;

  /**
   * Sends from byte `from` on, up to the end, over the non-blocking TCP socket with this descriptor, and never waits for anything: the count of bytes that
   * the socket has taken; 0 where it has no room, or where the bytes are not at hand, and `read` is to be asked. Throws where the socket fails.
   */
  send(descriptor: number, from: number): number;

  /** Fills `target`, which is no longer than what is left, with what begins at byte `from`. A failure ends the connection. */
  read(from: number, target: Buffer): Awaitable<void>;

  /** It is not needed any more. Called once; a `read` may be under way. */
  release(): void;
}
