import { connect, type Socket } from 'node:net';
import { RecordSplitter } from '../rpc/record.ts';
import { RpcError } from './errors.ts';
import { CLIENT_RECORD_LIMITS, toFragments } from './record.ts';
import {
  AcceptStat,
  AUTH_NONE,
  decodeMessage,
  encodeCall,
  encodeReply,
  type IncomingCall,
  type IncomingReply,
  type RpcAuth,
} from './rpc-message.ts';

const DEFAULT_TIMEOUT_MS = 20_000;
const MAX_XID = 0xffffffff;

/**
 * Answers a call of the server's: with results, a refusal, or "drop" for no answer at all.
 */
export type CallHandler = (
  call: IncomingCall,
  connection: RpcConnection,
) => Promise<Buffer | AcceptStat | 'drop'>;

export interface ConnectOptions {
  readonly host?: string;
  readonly port: number;
  /** The address and port to call from. */
  readonly localAddress?: string;
  readonly localPort?: number;
  readonly credential?: RpcAuth;
  readonly timeoutMs?: number;
  readonly onCall?: CallHandler;
}

export interface CallOptions {
  /** In the place of the connection's own. */
  readonly credential?: RpcAuth;
  readonly verifier?: RpcAuth;
  readonly rpcVersion?: number;
  /** A chosen xid, to retransmit with; the next unused one where absent. */
  readonly xid?: number;
  readonly timeoutMs?: number;
  /** Sizes of the fragments that the record is cut into. */
  readonly fragments?: readonly number[];
}

interface Waiter {
  resolve(reply: IncomingReply): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

let lastXid = Math.floor(Math.random() * MAX_XID);

/** The next xid: different for all connections of this process, so that a reply on the wrong one is noticed. */
export function nextXid(): number {
  lastXid = (lastXid + 1) % MAX_XID;
  return lastXid;
}

/**
 * One TCP connection that calls and is called (RFC 8881 §2.10.3.1). Replies are matched by xid, whatever their order. Rejections are
 * {@link RpcError}.
 */
export class RpcConnection {
  readonly socket: Socket;
  /** Resolves when the connection is gone: "end" by FIN, or the socket's error code ("ECONNRESET"). */
  readonly closed: Promise<string>;
  credential: RpcAuth;
  onCall: CallHandler | undefined;
  /** Replies whose xid nobody waited for. */
  strayReplies = 0;
  bytesIn = 0;
  bytesOut = 0;
  readonly #timeoutMs: number;
  readonly #waiters = new Map<number, Waiter>();
  readonly #splitter = new RecordSplitter(CLIENT_RECORD_LIMITS, (buffer, start, end) =>
    this.#onRecord(buffer.subarray(start, end)),
  );
  #closeReason: string | undefined;

  private constructor(socket: Socket, options: ConnectOptions) {
    this.socket = socket;
    this.credential = options.credential ?? AUTH_NONE;
    this.onCall = options.onCall;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.closed = new Promise((resolve) => this.#listen(resolve));
  }

  static connect(options: ConnectOptions): Promise<RpcConnection> {
    const { host = '127.0.0.1', port, localAddress, localPort } = options;
    const from = { ...(localAddress && { localAddress }), ...(localPort && { localPort }) };
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true, allowHalfOpen: true, ...from });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RpcConnection(socket, options));
      });
    });
  }

  #listen(closed: (reason: string) => void): void {
    let failure: string | undefined;
    this.socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      failure = error.code ?? error.message;
    });
    // The peer's FIN ends the connection, except while this side has half-closed first and waits for answers: then nothing is left to send.
    this.socket.on('end', () => this.socket.end());
    this.socket.on('close', () => {
      this.#closeReason = failure ?? 'end';
      for (const waiter of this.#waiters.values()) {
        clearTimeout(waiter.timer);
        waiter.reject(new RpcError('RPC_CLOSED', `connection closed: ${this.#closeReason}`));
      }
      this.#waiters.clear();
      closed(this.#closeReason);
    });
  }

  get isOpen(): boolean {
    return this.#closeReason === undefined && !this.socket.destroyed && this.socket.writable;
  }

  get outstanding(): number {
    return this.#waiters.size;
  }

  #onData(chunk: Buffer): void {
    this.bytesIn += chunk.length;
    try {
      this.#splitter.push(chunk);
    } catch (error) {
      this.socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #onRecord(record: Buffer): void {
    const message = decodeMessage(record);
    if ('call' in message) {
      void this.#answer(message.call);
      return;
    }
    const waiter = this.#waiters.get(message.reply.xid);
    if (waiter === undefined) {
      this.strayReplies++;
      return;
    }
    this.#waiters.delete(message.reply.xid);
    clearTimeout(waiter.timer);
    waiter.resolve(message.reply);
  }

  async #answer(call: IncomingCall): Promise<void> {
    let answer: Buffer | AcceptStat | 'drop';
    try {
      answer = this.onCall === undefined ? AcceptStat.PROG_UNAVAIL : await this.onCall(call, this);
    } catch {
      answer = AcceptStat.SYSTEM_ERR;
    }
    if (answer !== 'drop' && this.isOpen) this.sendRecord(encodeReply(call.xid, answer));
  }

  /** Calls and resolves to a reader at the results. */
  async call(program: number, version: number, procedure: number, args: Buffer, options: CallOptions = {}) {
    const xid = options.xid ?? nextXid();
    const record = encodeCall(
      {
        xid,
        program,
        version,
        procedure,
        credential: options.credential ?? this.credential,
        ...(options.verifier && { verifier: options.verifier }),
        ...(options.rpcVersion !== undefined && { rpcVersion: options.rpcVersion }),
      },
      args,
    );
    const reply = this.expectReply(xid, options.timeoutMs);
    this.sendRecord(record, options.fragments);
    const { outcome } = await reply;
    if (outcome instanceof RpcError) throw outcome;
    return outcome;
  }

  /** Waits for the reply to a call that was sent by other means. */
  expectReply(xid: number, timeoutMs: number = this.#timeoutMs): Promise<IncomingReply> {
    if (this.#closeReason !== undefined) return Promise.reject(new RpcError('RPC_CLOSED'));
    const { promise, resolve, reject } = Promise.withResolvers<IncomingReply>();
    const timer = setTimeout(() => {
      this.#waiters.delete(xid);
      reject(new RpcError('RPC_TIMEOUT', `no reply within ${timeoutMs} ms`));
    }, timeoutMs);
    this.#waiters.set(xid, { resolve, reject, timer });
    return promise;
  }

  sendRecord(record: Buffer, fragments: readonly number[] = []): void {
    this.sendBytes(toFragments(record, fragments));
  }

  /** Sends bytes as they are: half a record, garbage, a header that lies. */
  sendBytes(bytes: Buffer): void {
    if (!this.socket.writable) return;
    this.bytesOut += bytes.length;
    this.socket.write(bytes);
  }

  /** Sends FIN, goes on reading. */
  halfClose(): void {
    this.socket.end();
  }

  /** Sends RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Stops reading, as a peer that hangs does: the server's send window fills. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Closes and waits until it is closed. */
  async close(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }
}
