import type { Socket } from 'node:net';
import { wordAt, XdrReader, XdrWriter } from '../xdr/index.ts';
import type { Backlog } from './backlog.ts';
import type { EndOfTurn } from './end-of-turn.ts';
import {
  AcceptStat,
  beginCall,
  endRecord,
  MAX_AUTH_BYTES,
  MsgType,
  paddedTo4,
  ReplyStat,
} from './message.ts';
import { descriptorOf } from './outflow.ts';
import { Output } from './output.ts';
import { RecordError, type RecordLimits, RecordSplitter } from './record.ts';
import { SharedReadSocket } from './shared-read.ts';
import { Message } from './slab.ts';

/** Silence before the first probe. Ten probes follow, one a second: a peer that is gone is found out after 60 s. */
const KEEPALIVE_MS = 50_000;
/** How long a connection that is closed waits for its peer to read what is left. */
const LINGER_MS = 5000;
const RPC_HEAD = 8;

export interface RpcLimits extends RecordLimits {
  /** Bytes that wait for the peer to read; above it, nothing more is read from it. */
  readonly maxOutputBuffer: number;
  /** Calls from the peer that are being worked on; above it, nothing more is read from it. */
  readonly maxRequestsInFlight: number;
  /** Of all connections. */
  readonly backlog?: Backlog;
}

/** What a connection tells its owner. */
export interface RpcConnectionHandler {
  /**
   * A call arrived, its reader behind the message type. Answered by `connection.send` now or later; `connection.done` must follow each,
   * answered or not. False where the bytes of the call are not needed after the return; else they may be given back by `returnMemory`, later.
   */
  onCall(connection: RpcConnection, xid: number, reader: XdrReader, bytes: number): boolean | void;
  onClose(connection: RpcConnection, reason: string): void;
  /** Bytes arrived; calls that are whole with them follow at once. */
  readonly onBytes?: (() => void) | undefined;
  /** False where no message may end with a stretch of a file. */
  readonly sendsStretches?: boolean;
  /** Called before bytes leave: what they tell of must outlive the process. Where it throws they do not leave, and the connection ends. */
  readonly beforeOutput?: (() => void) | undefined;
  /** Where output is to wait for others', until the end of the turn at the most; undefined where it may leave at once. */
  readonly outputWaits?: (() => EndOfTurn | undefined) | undefined;
}

/** A call to the peer failed: the connection went, time ran out, or the peer refused it. */
export class RpcCallError extends Error {
  readonly code: 'RPC_CLOSED' | 'RPC_TIMEOUT' | 'RPC_REFUSED';

  constructor(code: RpcCallError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

interface PendingCall {
  readonly resolve: (reply: XdrReader) => void;
  readonly reject: (error: RpcCallError) => void;
  readonly timer: NodeJS.Timeout;
}

/** One TCP connection that carries ONC RPC both ways (RFC 5531): calls of the peer, and our own calls to it. */
export class RpcConnection {
  readonly id: number;
  readonly socket: Socket;
  /** What a message ends with may be a stretch of a file. */
  readonly sendsStretches: boolean;
  readonly #limits: RpcLimits;
  readonly #handler: RpcConnectionHandler;
  readonly #splitter: RecordSplitter;
  readonly #output: Output;
  readonly #reader = new XdrReader();
  readonly #pending = new Map<number, PendingCall>();
  #nextXid = 1;
  #inFlight = 0;
  /** Reads are being worked through: replies are gathered and written at the end of it. */
  #turn = false;
  #flushPlanned = false;
  /** Its output leaves at the end of the event loop's turn. */
  #waits = false;
  #paused = false;
  #ended = false;
  #draining = false;
  readonly #closed = Promise.withResolvers<void>();
  #closeReason = 'closed by the client';
  #linger: NodeJS.Timeout | undefined;
  bytesIn = 0;
  bytesOut = 0;

  constructor(id: number, socket: Socket, limits: RpcLimits, handler: RpcConnectionHandler) {
    this.id = id;
    this.socket = socket;
    this.#limits = limits;
    this.#handler = handler;
    this.#splitter = new RecordSplitter(limits, (buffer, start, end) => this.#onRecord(buffer, start, end));
    this.#output = new Output(socket, handler.beforeOutput, () => this.#resume());
    this.sendsStretches = handler.sendsStretches !== false && descriptorOf(socket) !== undefined;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_MS);
    if (socket instanceof SharedReadSocket)
      socket.reader = {
        onPassing: (chunk, length) => this.#onData(chunk, length, true),
        target: () => this.#splitter.target(),
      };
    else socket.on('data', (chunk: Buffer) => this.#onData(chunk, chunk.length, false));
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#resume());
    socket.on('error', (error) => {
      this.#closeReason = error.message;
    });
    socket.on('close', () => this.#onClosed());
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Takes nothing new from the peer, answers what is in flight, sends FIN, and resolves when the peer has closed, too. What the peer sends
   * meanwhile is read and left aside, for a socket that is closed on unread input sends RST, and that can overtake the last replies.
   */
  drain(reason = 'drained'): Promise<void> {
    if (!this.#draining) {
      this.#draining = true;
      this.#closeReason = reason;
      if (this.#paused) this.socket.resume();
      this.#sayGoodbye();
    }
    return this.#closed.promise;
  }

  #sayGoodbye(): void {
    if (!this.#draining || this.#inFlight > 0) return;
    this.#write();
    this.#output.whenHandedOver(() => this.socket.end());
  }

  /** Ends the connection regardless of what is under way; true where there was something. */
  abort(reason: string): boolean {
    const busy = this.#inFlight > 0 || this.#output.waiting > 0;
    this.#closeReason = reason;
    this.socket.destroy();
    return busy;
  }

  /** Ends the connection once what was written has been handed to the network; a peer that does not read it has a while to do so. */
  destroy(reason: string): void {
    if (this.socket.destroyed) return;
    this.#closeReason = reason;
    this.#write();
    this.#output.whenHandedOver(() => this.socket.destroySoon());
    this.#linger ??= setTimeout(() => this.socket.destroy(), LINGER_MS).unref();
  }

  #onData(chunk: Buffer, length: number, passing: boolean): void {
    this.bytesIn += length;
    this.#turn = true;
    this.#handler.onBytes?.();
    try {
      if (passing) this.#splitter.pushPassing(chunk, length);
      else this.#splitter.push(chunk);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.destroy(error.message);
    } finally {
      this.#turn = false;
      this.#flush();
    }
  }

  /** The peer sends no more, but may still read: what it asked before is answered first. */
  #onEnd(): void {
    this.#ended = true;
    if (this.#inFlight === 0) this.destroy(this.#closeReason);
  }

  #onRecord(buffer: Buffer, start: number, end: number): boolean | void {
    if (this.socket.destroyed) return false;
    const bytes = end - start;
    if (bytes < RPC_HEAD) {
      this.destroy('record too short for RPC');
      return false;
    }
    const xid = wordAt(buffer, start);
    const type = wordAt(buffer, start + 4);
    if (type === MsgType.CALL) {
      // Neither executed nor answered: no slot has seen it, and the peer sends it again over its next connection.
      if (this.#draining) return false;
      this.#inFlight++;
      return this.#handler.onCall(this, xid, this.#reader.reset(buffer, start + RPC_HEAD, end), bytes);
    }
    if (type === MsgType.REPLY) {
      // Whoever waits for it reads it later.
      this.#onReply(xid, new XdrReader(buffer, start + RPC_HEAD, end));
      return true;
    }
    this.destroy(`RPC message type ${type}`);
    return false;
  }

  /** A writer for the answer to a call. To be given to {@link send} or {@link drop}, with {@link keep} before where that is not at once. */
  begin(): Message {
    return this.#output.begin();
  }

  /** The call's answer comes later: its `bytes` are kept until then, and given to {@link done}. */
  keep(out: Message, bytes: number): void {
    this.#limits.backlog?.add(bytes);
    this.#output.keep(out);
  }

  drop(out: Message): void {
    this.#output.drop(out);
  }

  /** Sends a finished record. The writer is not to be used afterwards. */
  send(out: XdrWriter): void {
    this.bytesOut += out.position;
    if (out instanceof Message && out.tail !== undefined) this.bytesOut += paddedTo4(out.tail.length);
    this.#output.send(out);
    this.#planFlush();
  }

  /** A call of the peer has been answered, or will not be; `kept` bytes of it are not needed any more. */
  done(kept = 0): void {
    this.#inFlight--;
    if (kept > 0) this.#limits.backlog?.remove(kept);
    if (this.#ended && this.#inFlight === 0) this.destroy(this.#closeReason);
    else if (this.#draining) this.#sayGoodbye();
    else if (this.#paused) this.#resume();
  }

  #planFlush(): void {
    if (this.#turn || this.#flushPlanned || this.#waits) return;
    this.#flushPlanned = true;
    queueMicrotask(() => {
      this.#flushPlanned = false;
      this.#flush();
    });
  }

  /** What it would tell of may not outlive the process: then the peer hears nothing, and asks again over another connection. */
  #write(): void {
    try {
      this.#output.flush();
    } catch (error) {
      this.abort(`replies are withheld: ${error instanceof Error ? error.message : String(error)}`);
      this.#output.discard();
    }
  }

  #flush(): void {
    if (this.#waits) return;
    const end = this.#handler.outputWaits?.();
    if (end === undefined) {
      this.flush();
      return;
    }
    this.#waits = true;
    end.await(this);
  }

  /** Writes what was gathered. */
  flush(): void {
    this.#waits = false;
    this.#write();
    const overfull = this.#output.waiting > this.#limits.maxOutputBuffer;
    if (!this.#paused && !this.#draining && (overfull || this.#hasTooMuchInFlight())) {
      this.#paused = true;
      this.socket.pause();
    }
  }

  #hasTooMuchInFlight(): boolean {
    const { backlog, maxRequestsInFlight } = this.#limits;
    if (this.#inFlight >= maxRequestsInFlight) return true;
    if (this.#inFlight === 0 || backlog?.isFull !== true) return false;
    backlog.pause(this);
    return true;
  }

  /** Others wait for less. */
  resume(): void {
    this.#resume();
  }

  #resume(): void {
    if (!this.#paused || this.socket.destroyed) return;
    if (this.#output.waiting > this.#limits.maxOutputBuffer) return;
    if (this.#hasTooMuchInFlight()) return;
    this.#paused = false;
    this.socket.resume();
  }

  /**
   * Calls the peer. Resolves with the reader at the results of a successful reply; rejects with {@link RpcCallError}. `write` encodes the arguments.
   */
  call(
    target: { program: number; version: number; procedure: number; flavor: number; credential: Uint8Array },
    timeoutMs: number,
    write: (out: XdrWriter) => void,
  ): Promise<XdrReader> {
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed || this.#draining) {
        reject(new RpcCallError('RPC_CLOSED', 'connection closed'));
        return;
      }
      const xid = this.#nextXid;
      this.#nextXid = xid >= 0xffffffff ? 1 : xid + 1;
      const timer = setTimeout(
        () => this.#fail(xid, 'RPC_TIMEOUT', `no reply in ${timeoutMs} ms`),
        timeoutMs,
      );
      timer.unref();
      this.#pending.set(xid, { resolve, reject, timer });
      const out = new XdrWriter(512);
      beginCall(out, xid, target.program, target.version, target.procedure, target.flavor, target.credential);
      write(out);
      endRecord(out);
      this.send(out);
    });
  }

  #onReply(xid: number, reader: XdrReader): void {
    const pending = this.#pending.get(xid);
    if (pending === undefined) return;
    const refused = refusal(reader);
    if (refused !== undefined) {
      this.#fail(xid, 'RPC_REFUSED', refused);
      return;
    }
    clearTimeout(pending.timer);
    this.#pending.delete(xid);
    pending.resolve(reader);
  }

  #fail(xid: number, code: RpcCallError['code'], message: string): void {
    const pending = this.#pending.get(xid);
    if (pending === undefined) return;
    clearTimeout(pending.timer);
    this.#pending.delete(xid);
    pending.reject(new RpcCallError(code, message));
  }

  #onClosed(): void {
    // A timer would hold on to the connection, and to all that its owner has, for as long as it runs.
    clearTimeout(this.#linger);
    this.#output.discard();
    this.#limits.backlog?.forget(this);
    for (const xid of [...this.#pending.keys()]) this.#fail(xid, 'RPC_CLOSED', 'connection closed');
    this.#handler.onClose(this, this.#closeReason);
    this.#closed.resolve();
  }
}

/** Reads a reply's header; why the peer did not carry out the call, undefined where it did. */
function refusal(reader: XdrReader): string | undefined {
  try {
    if (reader.u32() !== ReplyStat.ACCEPTED) return 'call denied';
    reader.u32();
    reader.opaque(MAX_AUTH_BYTES);
    const stat = reader.u32();
    return stat === AcceptStat.SUCCESS ? undefined : `call answered with status ${stat}`;
  } catch {
    return 'reply does not decode';
  }
}
