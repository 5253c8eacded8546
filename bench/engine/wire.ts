import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import {
  authSys,
  type ClientOp,
  encodeCall,
  encodeCompound,
  fragmentHeader,
  NFS_PROGRAM,
  NFS_VERSION,
  ops,
  Procedure,
  type Session,
} from '../../packages/nfs/src/client/index.ts';

const LENGTH_MASK = 0x7fffffff;
const HEADER = 4;
/** Behind the record mark of a reply: xid, message type, accepted, verifier (two words), accept status; then the COMPOUND's. */
const STATUS_AT = HEADER + 6 * 4;
const CREDENTIAL = authSys({ uid: 0, gid: 0, machine: 'bench' });

/** A request that is sent again and again, each time with the next sequence id of its slot. */
interface Template {
  readonly bytes: Buffer;
  /** Where in it its xid and its sequence id stand; -1 for a call without SEQUENCE. */
  readonly xidAt: number;
  readonly sequenceAt: number;
}

/**
 * The client's end of a connection without a network: requests are prepared once, replies are counted and their status is looked at, so that next to
 * nothing is allocated but by the server.
 */
export class Wire extends EventEmitter {
  readonly remoteAddress = '127.0.0.1';
  readonly localAddress = '127.0.0.1';
  readonly remotePort = 1;
  readonly localPort = 2049;
  readonly writableLength = 0;
  readonly writable = true;
  destroyed = false;
  /** What the server has done on its socket. */
  writes = 0;
  replies = 0;
  /** The status of the last reply that was not NFS4_OK. */
  failed = 0;
  #xid = 0;
  #due = 0;
  #answered: (() => void) | undefined;

  setNoDelay(): void {}
  setKeepAlive(): void {}
  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}
  isPaused(): boolean {
    return false;
  }
  end(): void {
    this.destroy();
  }
  destroySoon(): void {
    this.destroy();
  }
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }

  asSocket(): Socket {
    return this as unknown as Socket;
  }

  write(bytes: Buffer, done?: () => void): boolean {
    this.writes++;
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readUInt32BE(at) & LENGTH_MASK;
      this.replies++;
      if (length >= STATUS_AT) {
        const status = bytes.readUInt32BE(at + STATUS_AT);
        if (status !== 0) this.failed = status;
      }
      at += HEADER + length;
    }
    if (this.#answered !== undefined && this.replies >= this.#due) {
      this.#answered();
      this.#answered = undefined;
    }
    // A socket says so later, too: its memory may be used again only then.
    if (done !== undefined) queueMicrotask(done);
    return true;
  }

  /** A request for each slot, which go out together: `make` gives a slot's operations; without, it is procedure 0. */
  batch(session: Session, slots: readonly number[], make?: (slot: number) => readonly ClientOp[]): Batch {
    return new Batch(
      this,
      session,
      slots,
      slots.map((slot) => template(session, slot, make?.(slot))),
    );
  }

  /** Resolves when there have been so many replies. */
  answered(due: number): Promise<void> {
    this.#due = due;
    return new Promise((resolve) => {
      this.#answered = resolve;
    });
  }

  nextXid(): number {
    return ++this.#xid;
  }
}

function template(session: Session, slot: number, list: readonly ClientOp[] | undefined): Template {
  const head = { xid: 0, program: NFS_PROGRAM, version: NFS_VERSION, credential: CREDENTIAL };
  const sequence = ops.sequence({
    ...{ sessionId: session.id, sequence: 0, slot, highestSlot: session.fore.maxRequests - 1 },
    cacheThis: false,
  });
  const record =
    list === undefined
      ? encodeCall({ ...head, procedure: Procedure.NULL }, Buffer.alloc(0))
      : encodeCall({ ...head, procedure: Procedure.COMPOUND }, encodeCompound([sequence, ...list]));
  const bytes = Buffer.concat([fragmentHeader(record.length, true), record]);
  const idAt = list === undefined ? -1 : bytes.indexOf(session.id);
  return { bytes, xidAt: HEADER, sequenceAt: idAt < 0 ? -1 : idAt + session.id.length };
}

/** The last sequence id of each slot of a session, whichever connection it was used on. */
const sequences = new WeakMap<Session, Map<number, number>>();

/** Requests that arrive in one read. */
export class Batch {
  readonly #wire: Wire;
  readonly #sequences: Map<number, number>;
  readonly #slots: readonly number[];
  readonly #templates: readonly Template[];
  readonly #starts: readonly number[];
  readonly #bytes: Buffer;

  constructor(wire: Wire, session: Session, slots: readonly number[], templates: readonly Template[]) {
    this.#wire = wire;
    this.#sequences = sequences.get(session) ?? new Map();
    sequences.set(session, this.#sequences);
    this.#slots = slots;
    this.#templates = templates;
    this.#bytes = Buffer.concat(templates.map(({ bytes }) => bytes));
    let at = 0;
    this.#starts = templates.map(({ bytes }) => {
      at += bytes.length;
      return at - bytes.length;
    });
  }

  get size(): number {
    return this.#slots.length;
  }

  /** Sends all of them. The bytes are the same ones each time: none may still be needed, that is all replies be there. */
  send(): void {
    for (let i = 0; i < this.#templates.length; i++) {
      const start = this.#starts[i]!;
      const { xidAt, sequenceAt } = this.#templates[i]!;
      this.#bytes.writeUInt32BE(this.#wire.nextXid(), start + xidAt);
      if (sequenceAt < 0) continue;
      const slot = this.#slots[i]!;
      const sequence = (this.#sequences.get(slot) ?? 0) + 1;
      this.#sequences.set(slot, sequence);
      this.#bytes.writeUInt32BE(sequence, start + sequenceAt);
    }
    this.#wire.emit('data', this.#bytes);
  }
}
