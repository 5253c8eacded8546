import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

const FIN = Symbol('FIN');
let lastPort = 1023;

/**
 * One end of a connection in memory, with as much of a socket as both sides use. What is written arrives in order, a microtask later; half-close,
 * RST and writing to a peer that is gone do what TCP does.
 */
export class PipeEnd extends EventEmitter {
  readonly remoteAddress = '127.0.0.1';
  readonly localAddress = '127.0.0.1';
  readonly remotePort: number;
  readonly localPort: number;
  destroyed = false;
  writable = true;
  readonly writableLength = 0;
  #peer: PipeEnd | undefined;
  #outbox: (Buffer | typeof FIN)[] = [];
  #inbox: (Buffer | typeof FIN)[] = [];
  #paused = false;
  #planned = false;
  #finSent = false;
  #finSeen = false;
  #destroyWhenSent = false;

  constructor(localPort: number, remotePort: number) {
    super();
    this.localPort = localPort;
    this.remotePort = remotePort;
  }

  /** Both ends of a new connection to `port`. */
  static pair(port: number): [client: PipeEnd, server: PipeEnd] {
    const own = ++lastPort;
    const [client, server] = [new PipeEnd(own, port), new PipeEnd(port, own)];
    client.#peer = server;
    server.#peer = client;
    return [client, server];
  }

  asSocket(): Socket {
    return this as unknown as Socket;
  }

  setNoDelay(): void {}
  setKeepAlive(): void {}
  cork(): void {}
  uncork(): void {}

  write(bytes: Buffer): boolean {
    if (this.writable) this.#send(Buffer.from(bytes));
    return true;
  }

  /** FIN. */
  end(): void {
    if (!this.writable) return;
    this.writable = false;
    this.#send(FIN);
  }

  #send(what: Buffer | typeof FIN): void {
    this.#outbox.push(what);
    if (this.#planned) return;
    this.#planned = true;
    queueMicrotask(() => this.#transmit());
  }

  #transmit(): void {
    this.#planned = false;
    const peer = this.#peer!;
    for (const what of this.#outbox.splice(0)) {
      if (what === FIN) this.#finSent = true;
      if (peer.destroyed) {
        if (what !== FIN) this.#gone('read ECONNRESET');
      } else {
        peer.#inbox.push(what);
      }
    }
    peer.#deliver();
    if (this.#destroyWhenSent) this.destroy();
    this.#closeIfDone();
  }

  #deliver(): void {
    while (!this.#paused && !this.destroyed) {
      const what = this.#inbox.shift();
      if (what === undefined) return;
      if (what !== FIN) {
        this.emit('data', what);
        continue;
      }
      this.#finSeen = true;
      this.emit('end');
      this.#closeIfDone();
    }
  }

  #closeIfDone(): void {
    if (this.#finSent && this.#finSeen && !this.destroyed) this.destroy();
  }

  destroySoon(): void {
    if (this.destroyed) return;
    this.#destroyWhenSent = true;
    this.end();
    if (!this.#planned) this.destroy();
  }

  destroy(error?: Error): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.writable = false;
    this.#inbox = [];
    queueMicrotask(() => {
      if (error !== undefined) this.emit('error', error);
      this.emit('close');
    });
    if (this.#finSent) return;
    // What was not transmitted yet is lost; the peer sees the end.
    this.#outbox = [FIN];
    if (!this.#planned) queueMicrotask(() => this.#transmit());
  }

  /** RST: the peer loses what it has not read yet. */
  resetAndDestroy(): void {
    if (this.destroyed) return;
    this.#outbox = [];
    this.#finSent = true;
    this.destroy();
    queueMicrotask(() => this.#peer!.#gone('read ECONNRESET'));
  }

  #gone(why: string): void {
    if (this.destroyed) return;
    this.#finSent = true;
    this.destroy(new Error(why));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    queueMicrotask(() => this.#deliver());
  }
}
