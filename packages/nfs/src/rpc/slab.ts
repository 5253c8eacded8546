import type { Stretch } from '../vfs/index.ts';
import { XdrWriter } from '../xdr/index.ts';

const SLAB_BYTES = 128 * 1024;
/** What a message finds at least when it starts; one that grows beyond what there is moves to memory of its own. */
export const MIN_ROOM = 8 * 1024;
/** What a message that waits may still grow by where it lies: it changes little then. */
const SPARE = 64;
const MAX_IDLE_SLABS = 64;
const MAX_IDLE_WRITERS = 256;

/** Memory that small messages are written to, one behind the other. */
export class Slab {
  readonly buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  used = 0;
  /** Writers at work in it and parts that are on their way out: while there are any, nothing in it is written over. */
  users = 0;
  /** A message is being written at `used`. */
  open = false;
  /** One user less; to be called as it is. */
  readonly release = (): void => {
    if (--this.users > 0) return;
    this.used = 0;
    if (this !== current && idle.length < MAX_IDLE_SLABS) idle.push(this);
  };
}

const idle: Slab[] = [];
let current = new Slab();

/** A slab with room for another message. */
function roomy(): Slab {
  if (!current.open && current.used + MIN_ROOM <= SLAB_BYTES) return current;
  const left = current;
  current = idle.pop() ?? new Slab();
  if (left.users === 0 && idle.length < MAX_IDLE_SLABS) {
    left.used = 0;
    idle.push(left);
  }
  return current;
}

/** A message in a slab, or in memory of its own where it has grown beyond. */
export class Message extends XdrWriter {
  slab: Slab;
  /** It is the one that is being written at the end of its slab. */
  open = true;
  /** What it ends with, behind what was written. */
  tail: Stretch | undefined;

  constructor(slab: Slab) {
    super(0);
    this.slab = slab;
  }

  /** It lies in memory of its own. */
  get moved(): boolean {
    return this.buffer !== this.slab.buffer;
  }
}

const spare: Message[] = [];

/** Starts a message: one user more of its slab. */
export function openMessage(): Message {
  const slab = roomy();
  slab.open = true;
  slab.users++;
  const message = spare.pop() ?? new Message(slab);
  message.slab = slab;
  message.open = true;
  message.lend(slab.buffer, slab.used, SLAB_BYTES);
  return message;
}

/** The message is written, or goes on later within a little more room than it has taken: others are written behind it. */
export function closeMessage(message: Message, goesOn: boolean): void {
  if (!message.open) return;
  const { slab } = message;
  message.open = false;
  slab.open = false;
  if (!message.moved) slab.used = message.shrink(goesOn ? SPARE : 0);
}

/** Nobody uses the writer any more. What it wrote stays until its slab is released. */
export function dropMessage(message: Message): void {
  if (spare.length < MAX_IDLE_WRITERS) {
    message.lend(message.slab.buffer, 0, 0);
    spare.push(message);
  }
}
