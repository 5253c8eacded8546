import { Socket, type SocketConstructorOpts } from 'node:net';

/** A larger one does not help: what a socket has at a time is rarely more, and this stays in the processor's cache. */
const READ_BYTES = 64 * 1024;

/** Where all sockets read to: what is there is looked at before any of them reads again. */
const memory = Buffer.allocUnsafeSlow(READ_BYTES);

/** Takes what a socket reads. */
export interface PassingReader {
  /** Takes the first `length` bytes of `chunk`, which are gone once it returns, unless they lie where `target` has said. */
  onPassing(chunk: Buffer, length: number): void;
  /** Where the next bytes are to be read to; undefined where it does not matter. */
  target(): Buffer | undefined;
}

/**
 * A socket that reads into memory shared by all of its kind, instead of a fresh 64 KiB for each read. Node offers that (`onread`) only where a
 * Socket is made, so it is made anew around the handle of one that was accepted.
 */
export class SharedReadSocket extends Socket {
  /** Set before the event loop goes on. */
  reader: PassingReader | undefined;

  private constructor(options: SocketConstructorOpts) {
    super(options);
  }

  /** Takes over a socket that was accepted with `pauseOnConnect`; undefined where it cannot, and the socket stays as it was. */
  static adopt(accepted: Socket): SharedReadSocket | undefined {
    const inner = accepted as unknown as { _handle: unknown };
    const handle = inner._handle;
    if (typeof handle !== 'object' || handle === null || !accepted.isPaused()) return undefined;
    let socket: SharedReadSocket | undefined;
    let given: Buffer | undefined;
    const onread = {
      buffer: (): Buffer | undefined => {
        const target = socket?.reader?.target() ?? memory;
        // Node leaves all as it is where it gets nothing.
        if (target === given) return undefined;
        given = target;
        return target;
      },
      callback: (length: number, chunk: Uint8Array): boolean => {
        // Node hands on what it was given.
        socket?.reader?.onPassing(chunk as Buffer, length);
        return true;
      },
    };
    const options: unknown = { handle, allowHalfOpen: true, onread };
    inner._handle = null;
    socket = new SharedReadSocket(options as SocketConstructorOpts);
    // Its listener counts the accepted socket until that is closed.
    socket.once('close', () => accepted.destroy());
    return socket;
  }
}
