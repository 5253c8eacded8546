import { writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { returnMemory } from '../memory.ts';
import type { Stretch } from '../vfs/index.ts';
import type { XdrWriter } from '../xdr/index.ts';
import { paddedTo4 } from './message.ts';
import { descriptorOf, Outflow, type Part, type Piece } from './outflow.ts';
import { closeMessage, dropMessage, Message, MIN_ROOM, openMessage, type Slab } from './slab.ts';

/** Messages above this are handed over rather than copied to lie with others: a copy must find room where it starts. */
const COPY_LIMIT = MIN_ROOM;

function nothing(): void {}

/** Padding. */
const ZEROS = Buffer.alloc(paddedTo4(1));

function takeTail(message: Message): Stretch | undefined {
  const { tail } = message;
  message.tail = undefined;
  return tail;
}

/** Gathers what one turn of the event loop has to say on a socket, and writes it together. */
export class Output {
  readonly #socket: Socket;
  readonly #before: (() => void) | undefined;
  readonly #outflow: Outflow;
  /** Of the socket, while that is not destroyed. */
  readonly #descriptor: number | undefined;
  #parts: Piece[] = [];
  /** There is a stretch among them. */
  #hasStretch = false;
  /** The messages at the end of what was gathered, one behind the other in one slab: it counts them as one user. */
  #slab: Slab | undefined;
  #from = 0;
  #to = 0;

  /** `before` is called before bytes leave, `progress` when some have left that had to wait for others. */
  constructor(socket: Socket, before?: () => void, progress: () => void = nothing) {
    this.#socket = socket;
    this.#before = before;
    this.#outflow = new Outflow(socket, progress);
    this.#descriptor = descriptorOf(socket);
  }

  /** Bytes that were flushed, and that the peer has not taken from this host's memory yet, as far as they are known here. */
  get waiting(): number {
    return this.#outflow.bytes + this.#socket.writableLength;
  }

  /** Calls back when all that was flushed is the socket's; never where that is destroyed before. */
  whenHandedOver(then: () => void): void {
    this.#outflow.whenEmpty(then);
  }

  /** A writer for a message, behind what was gathered last. To be given to {@link send}, {@link drop}, or {@link keep} and later one of those. */
  begin(): Message {
    return openMessage();
  }

  /** The message is finished later. */
  keep(message: Message): void {
    closeMessage(message, true);
  }

  /** The message is not sent after all. */
  drop(message: Message): void {
    closeMessage(message, false);
    message.slab.release();
    if (message.moved) returnMemory(message.buffer);
    takeTail(message)?.release();
    dropMessage(message);
  }

  /** Gathers a finished message. Its writer is free afterwards. */
  send(out: XdrWriter): void {
    if (!(out instanceof Message)) {
      this.#end();
      this.#parts.push({ bytes: out.detach(), written: nothing });
      return;
    }
    const tail = takeTail(out);
    if (out.moved) this.#sendMoved(out);
    else if (out.open || out.position > COPY_LIMIT) this.#append(out);
    else this.#copy(out);
    if (tail !== undefined) this.#sendTail(tail);
  }

  #sendTail(tail: Stretch): void {
    this.#end();
    this.#parts.push(tail);
    this.#hasStretch = true;
    const padding = paddedTo4(tail.length) - tail.length;
    if (padding > 0) this.#parts.push({ bytes: ZEROS.subarray(0, padding), written: nothing });
  }

  #append(message: Message): void {
    const { slab, start } = message;
    closeMessage(message, false);
    const end = start + message.position;
    if (slab === this.#slab && start === this.#to) {
      this.#to = end;
      slab.users--;
    } else this.#run(slab, start, end);
    dropMessage(message);
  }

  #sendMoved(message: Message): void {
    const memory = message.buffer;
    if (message.position <= COPY_LIMIT) {
      this.#copy(message);
      return;
    }
    closeMessage(message, false);
    message.slab.release();
    this.#end();
    this.#parts.push({ bytes: message.bytes(), written: () => returnMemory(memory) });
    dropMessage(message);
  }

  /** Copies a message that was kept to the end of the others, so that all leave together. */
  #copy(message: Message): void {
    closeMessage(message, false);
    const copy = openMessage();
    copy.fixed(message.bytes());
    this.drop(message);
    this.#append(copy);
  }

  #run(slab: Slab, from: number, to: number): void {
    this.#end();
    this.#slab = slab;
    this.#from = from;
    this.#to = to;
  }

  /** What was gathered in the slab becomes a part. */
  #end(): void {
    const slab = this.#slab;
    if (slab === undefined) return;
    this.#parts.push({ bytes: slab.buffer.subarray(this.#from, this.#to), written: slab.release });
    this.#slab = undefined;
  }

  /** Writes all that was gathered. Throws what `before` does: then nothing has left. */
  flush(): void {
    if (this.#before !== undefined && (this.#parts.length > 0 || this.#slab !== undefined)) this.#before();
    this.#write();
  }

  /** The socket was destroyed: gives back what was gathered. */
  discard(): void {
    this.#write();
    this.#outflow.discard();
  }

  #write(): void {
    const slab = this.#slab;
    if (this.#parts.length > 0 || !this.#outflow.isEmpty) this.#flushParts();
    else if (slab !== undefined) {
      this.#slab = undefined;
      const socket = this.#socket;
      const from = this.#from + this.#writeNow(slab.buffer, this.#from, this.#to);
      if (from === this.#to || socket.destroyed || !socket.writable) slab.release();
      else socket.write(slab.buffer.subarray(from, this.#to), slab.release);
    }
  }

  /** How many of the bytes the socket has taken past Node's streams, whose way there is as long as that of most requests. */
  #writeNow(buffer: Buffer, from: number, to: number): number {
    const socket = this.#socket;
    if (this.#descriptor === undefined || socket.destroyed || !socket.writable) return 0;
    if (socket.writableLength > 0) return 0;
    try {
      return writeSync(this.#descriptor, buffer, from, to - from);
    } catch {
      // It takes none now, or is broken: Node finds that, too, and waits, or says why.
      return 0;
    }
  }

  #flushParts(): void {
    this.#end();
    const parts = this.#parts;
    this.#parts = [];
    if (this.#hasStretch || !this.#outflow.isEmpty) {
      this.#hasStretch = false;
      for (const part of parts) this.#outflow.push(part);
      this.#outflow.pump();
    } else writeTogether(this.#socket, parts as Part[]);
  }
}

function writeTogether(socket: Socket, parts: readonly Part[]): void {
  if (socket.destroyed || !socket.writable) {
    for (const { written } of parts) written();
    return;
  }
  if (parts.length > 1) socket.cork();
  for (const { bytes, written } of parts) socket.write(bytes, written);
  if (parts.length > 1) socket.uncork();
}
