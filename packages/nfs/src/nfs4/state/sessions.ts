import { CreateSessionFlag, SESSION_ID_SIZE } from '../constants/index.ts';
import type { Client } from './clients.ts';
import type { Binding, Connection } from './connections.ts';
import { Slot } from './slots.ts';

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
export class Session {
  readonly id: Buffer;
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
  readonly #slots: (Slot | undefined)[] = [];
  dead = false;

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
  }) {
    this.id = init.id;
    this.number = init.number;
    this.client = init.client;
    this.minor = init.minor;
    this.fore = init.fore;
    this.back = init.back;
    this.flags = init.flags;
    this.createdAt = init.createdAt;
    this.callbackProgram = init.callbackProgram;
    this.callbackSecurity = init.callbackSecurity;
  }

  /** The client asked for a back channel, and got it. */
  get wantsBackChannel(): boolean {
    return (this.flags & CreateSessionFlag.CONN_BACK_CHAN) !== 0;
  }

  /** The slot, undefined beyond the session's last. */
  slot(number: number): Slot | undefined {
    if (number >= this.fore.maxRequests) return undefined;
    let slot = this.#slots[number];
    if (slot === undefined) {
      slot = new Slot();
      this.#slots[number] = slot;
    }
    return slot;
  }

  /** Requests that are running now. */
  get busySlots(): number {
    let busy = 0;
    for (const slot of this.#slots) if (slot?.busy) busy++;
    return busy;
  }

  get highestSlot(): number {
    return this.fore.maxRequests - 1;
  }
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

/** The number within a sessionid4. */
export function sessionNumber(id: Buffer): number {
  return id.readUInt32BE(8);
}
