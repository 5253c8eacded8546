import { Socket, type SocketConstructorOpts } from 'node:net';

/** A larger one does not help: what a socket has at a time is rarely more, and this stays in the processor's cache. */
const READ_BYTES = 64 * 1024;

/** Where all sockets read to: what is there is looked at before any of them reads again. */
const memory = Buffer.allocUnsafeSlow(READ_BYTES);

/** Takes the first `length` bytes of `chunk`, which are gone once it returns. */
export type PassingHandler = (chunk: Buffer, length: number) => void;

/**
 * A socket that reads into memory shared by all of its kind, instead of a fresh 64 KiB for each read. Node offers that (`onread`) only where a
 * Socket is made, so it is made anew around the handle of one that was accepted.
 */
export class SharedReadSocket extends Socket {
  /** Set before the event loop goes on. */
  onPassing: PassingHandler | undefined;

  private constructor(options: SocketConstructorOpts) {
    super(options);
  }

  /** Takes over a socket that was accepted with `pauseOnConnect`; undefined where it cannot, and the socket stays as it was. */
  static adopt(accepted: Socket): SharedReadSocket | undefined {
    const inner = accepted as unknown as { _handle: unknown };
    const handle = inner._handle;
    if (typeof handle !== 'object' || handle === null || !accepted.isPaused()) return undefined;
    const onread = {
      buffer: memory,
      callback: (length: number, chunk: Uint8Array): boolean => {
        // Node hands on what it was given.
        socket.onPassing?.(chunk as Buffer, length);
        return true;
      },
    };
    const options = { handle, allowHalfOpen: true, onread } as SocketConstructorOpts;
    inner._handle = null;
    const socket = new SharedReadSocket(options);
    // Its listener counts the accepted socket until that is closed.
    socket.once('close', () => accepted.destroy());
    return socket;
  }
}
