import type { BackChannelHealth } from '../../control.ts';
import { wordAt, wordsOf } from '../../xdr/index.ts';
import { CreateSessionFlag, SESSION_ID_SIZE } from '../constants/index.ts';
import type { Client } from './clients.ts';
import { type Binding, type Connection, carriesBack } from './connections.ts';
import type { Lasting, Marks } from './marks.ts';
import { SlotTable } from './slot-table.ts';
import type { ReplyCache } from './slots.ts';

/** channel_attrs4 without its RDMA part (RFC 8881 §18.36). Sizes in bytes. */
export interface ChannelAttributes {
  readonly headerPad: number;
  readonly maxRequest: number;
  readonly maxResponse: number;
  readonly maxResponseCached: number;
  readonly maxOperations: number;
  readonly maxRequests: number;
}

/** A security flavor that the client takes callbacks with (callback_sec_parms4): the flavor and the credential's bytes. */
export interface CallbackSecurity {
  readonly flavor: number;
  readonly credential: Buffer;
}

/** A session: the slots of its fore channel, and the connections that carry it (RFC 8881 §2.10). */
export class Session implements Lasting {
  readonly id: Buffer;
  /** The same as a request has it. */
  readonly idWords: Int32Array;
  /** The sessionid4 in hexadecimal, for people. */
  readonly name: string;
  readonly number: number;
  readonly client: Client;
  /** The minor version that it was created in, and that its callbacks are made in. */
  readonly minor: number;
  readonly fore: ChannelAttributes;
  readonly back: ChannelAttributes;
  readonly flags: number;
  readonly createdAt: number;
  callbackProgram: number;
  callbackSecurity: readonly CallbackSecurity[];
  readonly bindings = new Map<Connection, Binding>();
  /** Connections beyond the limit whose requests are served without a binding. */
  readonly guests = new Set<Connection>();
  readonly slots: SlotTable;
  readonly #marks: Marks;
  /** Attempts to bind beyond the limit. */
  overLimit = 0;
  dead = false;
  /** The last sequence id that was tried on each slot of the back channel, while there is a journal. */
  readonly backSequences: number[] = [];
  marked = false;
  nextMarked: Lasting | undefined;
  journaled = false;

  constructor(init: {
    readonly id: Buffer;
    readonly number: number;
    readonly client: Client;
    readonly minor: number;
    readonly fore: ChannelAttributes;
    readonly back: ChannelAttributes;
    readonly flags: number;
    readonly createdAt: number;
    readonly callbackProgram: number;
    readonly callbackSecurity: readonly CallbackSecurity[];
    /** Slots that it may grow to. */
    readonly mostSlots: number;
    readonly cache: ReplyCache;
    readonly marks: Marks;
  }) {
    this.id = init.id;
    this.idWords = wordsOf(init.id);
    this.name = init.id.toString('hex');
    this.number = init.number;
    this.client = init.client;
    this.minor = init.minor;
    this.fore = init.fore;
    this.back = init.back;
    this.flags = init.flags;
    this.createdAt = init.createdAt;
    this.callbackProgram = init.callbackProgram;
    this.callbackSecurity = init.callbackSecurity;
    this.#marks = init.marks;
    this.slots = new SlotTable(init.fore.maxRequests, init.mostSlots, init.cache, init.marks, this);
  }

  /** The client asked for a back channel, and got it. */
  get wantsBackChannel(): boolean {
    return (this.flags & CreateSessionFlag.CONN_BACK_CHAN) !== 0;
  }

  /** Requests that are running now. */
  get busySlots(): number {
    return this.slots.busy;
  }

  get backChannelHealth(): BackChannelHealth {
    if (!this.wantsBackChannel) return 'none';
    const ways = [...this.bindings.values()].filter(takesCallbacks);
    if (ways.length === 0) return 'down';
    return ways.some(({ callbacks }) => callbacks === 'up') ? 'up' : 'unproven';
  }

  /** A callback is about to be sent: after a restart the slot goes on from there. */
  noteBack(slot: number, sequenceId: number): void {
    if (!this.#marks.on) return;
    while (this.backSequences.length <= slot) this.backSequences.push(0);
    this.backSequences[slot] = sequenceId;
    this.#marks.touch(this);
  }

  /** Some connection can carry its callbacks. */
  get callable(): boolean {
    for (const binding of this.bindings.values()) if (takesCallbacks(binding)) return true;
    return false;
  }
}

/** May callbacks go this way? The one predicate for choice, status flags, health and release. */
export function takesCallbacks(binding: Binding): boolean {
  return carriesBack(binding) && binding.callbacks !== 'down' && !binding.connection.draining;
}

/** A sessionid4: whose it is, its number, and four bytes that cannot be guessed. */
export function sessionId(instance: number, clientNumber: number, number: number, random: Buffer): Buffer {
  const id = Buffer.alloc(SESSION_ID_SIZE);
  id.writeUInt32BE(instance, 0);
  id.writeUInt32BE(clientNumber, 4);
  id.writeUInt32BE(number, 8);
  random.copy(id, 12, 0, 4);
  return id;
}

/** The number within the sessionid4 at `at` of `buffer`. */
export function sessionNumber(buffer: Buffer, at: number): number {
  return wordAt(buffer, at + 8);
}
