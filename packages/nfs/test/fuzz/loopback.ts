import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import {
  type CallHandler,
  CLIENT_RECORD_LIMITS,
  type RpcConnection as ClientConnection,
  decodeMessage,
  encodeReply,
  type IncomingReply,
  toFragments,
} from '../../src/client/index.ts';
import { RecordSplitter } from '../../src/rpc/record.ts';

/** As much of a socket as the server's RpcConnection uses: what it writes is gathered, what the fuzzer says is data comes in. */
export class LoopbackSocket extends EventEmitter {
  destroyed = false;
  writable = true;
  readonly writableLength = 0;
  onBytes: ((bytes: Buffer) => void) | undefined;

  setNoDelay(): void {}
  setKeepAlive(): void {}
  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}
  end(): void {
    this.destroySoon();
  }
  destroySoon(): void {
    this.destroy();
  }
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.writable = false;
    queueMicrotask(() => this.emit('close'));
  }

  write(bytes: Buffer, _done?: () => void): boolean {
    this.onBytes?.(bytes);
    return true;
  }

  asSocket(): Socket {
    return this as unknown as Socket;
  }
}

/** The peer's end of a loopback: sends bytes, puts the answers together, answers callbacks. */
export class LoopbackPeer {
  readonly socket = new LoopbackSocket();
  /** What came back since it was last looked at. */
  readonly replies: IncomingReply[] = [];
  /** The client's callback service; calls go unanswered where absent. */
  onCall: CallHandler | undefined;
  #arrived: (() => void) | undefined;

  constructor() {
    const splitter = new RecordSplitter(CLIENT_RECORD_LIMITS, (buffer, start, end) =>
      this.#onRecord(Buffer.from(buffer.subarray(start, end))),
    );
    this.socket.onBytes = (bytes) => splitter.push(bytes);
    this.socket.on('close', () => this.#arrived?.());
  }

  get open(): boolean {
    return !this.socket.destroyed;
  }

  #onRecord(record: Buffer): void {
    const message = decodeMessage(record);
    if ('reply' in message) {
      this.replies.push(message.reply);
      this.#arrived?.();
      return;
    }
    const { call } = message;
    void this.onCall?.(call, this as unknown as ClientConnection).then((answer) => {
      if (answer !== 'drop') this.send(toFragments(encodeReply(call.xid, answer)));
    });
  }

  send(bytes: Buffer): void {
    if (this.open) this.socket.emit('data', bytes);
  }

  /** True when a reply or the end of the connection is there, false after `timeoutMs`. */
  async settled(timeoutMs: number): Promise<boolean> {
    if (this.replies.length > 0 || !this.open) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#arrived = () => {
        clearTimeout(timer);
        this.#arrived = undefined;
        resolve(true);
      };
    });
  }
}
