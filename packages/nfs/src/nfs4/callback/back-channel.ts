import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import { AuthFlavor, CbOp, SESSION_ID_SIZE, Status } from '../constants/index.ts';
import { type Binding, carriesBack } from '../state/connections.ts';
import { type Session, takesCallbacks } from '../state/sessions.ts';
import { type BackSlot, BackSlots } from './back-slots.ts';
import type { CallbackTransport } from './callbacks.ts';

const CALLBACK_VERSION = 1;
const CB_COMPOUND = 1;
const MAX_TAG = 1024;
/** How often one connection is asked with another sequence id before the next one is. */
const MAX_RESYNCS = 3;

/** One operation for the client. */
export interface Callback {
  readonly op: CbOp;
  write(out: XdrWriter): void;
  /** Gets the rest of a good result. */
  readonly read?: ((reply: XdrReader) => void) | undefined;
}

/** What came of trying one connection. */
type Try = Status | 'unreachable' | 'again';

/** The back channel of one session: its slots, and the walk over the connections that may carry a call (RFC 8881 §2.10.6.1). */
export class BackChannel {
  readonly #session: Session;
  readonly #transport: CallbackTransport;
  readonly #timeoutMs: () => number;
  readonly #slots: BackSlots;

  constructor(session: Session, transport: CallbackTransport, timeoutMs: () => number) {
    this.#session = session;
    this.#transport = transport;
    this.#timeoutMs = timeoutMs;
    this.#slots = new BackSlots(session.back.maxRequests, session.backSequences);
  }

  /** The operation's status; undefined where no connection of the session carried it. */
  async send(callback: Callback): Promise<Status | undefined> {
    if (this.#next(new Set()) === undefined) return undefined;
    const slot = await this.#slots.take();
    if (slot === undefined) return undefined;
    try {
      return await this.#walk(slot, callback);
    } finally {
      this.#slots.release(slot);
    }
  }

  /** Connection after connection, those that are known to work first, those that have failed before last; also such as join meanwhile. */
  async #walk(slot: BackSlot, callback: Callback): Promise<Status | undefined> {
    const tried = new Set<Binding>();
    for (;;) {
      const binding = this.#next(tried);
      if (binding === undefined) break;
      tried.add(binding);
      const status = await this.#try(binding, slot, callback);
      if (status !== undefined) return status;
    }
    if (tried.size > 0) slot.lost();
    return undefined;
  }

  #next(tried: ReadonlySet<Binding>): Binding | undefined {
    if (this.#session.dead) return undefined;
    let best: Binding | undefined;
    for (const binding of this.#session.bindings.values()) {
      if (tried.has(binding) || !carriesBack(binding) || binding.connection.draining) continue;
      if (best === undefined || rank(binding) < rank(best)) best = binding;
    }
    return best;
  }

  /** Undefined where this connection did not carry it. On the next one the same slot and sequence id make it a retry, not a second call. */
  async #try(binding: Binding, slot: BackSlot, callback: Callback): Promise<Status | undefined> {
    for (let resyncs = 0; resyncs < MAX_RESYNCS; resyncs++) {
      const result = await this.#once(binding, slot, callback);
      if (result === 'unreachable') {
        binding.callbacks = 'down';
        return undefined;
      }
      if (result !== 'again') {
        binding.callbacks = 'up';
        return result;
      }
    }
    return undefined;
  }

  async #once(binding: Binding, slot: BackSlot, callback: Callback): Promise<Try> {
    const sequenceId = slot.next();
    this.#session.noteBack(slot.id, sequenceId);
    try {
      const reply = await this.#call(binding, slot, sequenceId, callback);
      return this.#outcome(reply, slot, sequenceId, callback);
    } catch {
      // Lost, late, refused, or not to be decoded: this connection is no way to the client.
      return 'unreachable';
    }
  }

  #call(binding: Binding, slot: BackSlot, sequenceId: number, callback: Callback): Promise<XdrReader> {
    const { callbackProgram, callbackSecurity, id, minor } = this.#session;
    // One that names a user, where the client takes it: Linux takes nothing but CB_NULL without (row 4).
    const security = callbackSecurity.find(({ flavor }) => flavor === AuthFlavor.SYS) ?? callbackSecurity[0]!;
    const target = {
      program: callbackProgram,
      version: CALLBACK_VERSION,
      procedure: CB_COMPOUND,
      flavor: security.flavor,
      credential: security.credential,
    };
    return this.#transport.call(binding.connection, target, this.#timeoutMs(), (out) => {
      out.u32(0).u32(minor).u32(0).u32(2);
      out.u32(CbOp.SEQUENCE).fixed(id).u32(sequenceId).u32(slot.id);
      out
        .u32(this.#slots.count - 1)
        .bool(false)
        .u32(0);
      out.u32(callback.op);
      callback.write(out);
    });
  }

  #outcome(reply: XdrReader, slot: BackSlot, sequenceId: number, callback: Callback): Try {
    reply.u32();
    reply.opaque(MAX_TAG);
    if (reply.u32() < 1) return 'unreachable';
    reply.u32();
    const sequenceStatus = reply.u32();
    switch (sequenceStatus) {
      case Status.OK:
        slot.seen(sequenceId);
        break;
      case Status.DELAY:
        // Busy, and the slot is as it was. Who called decides when to ask again.
        return Status.DELAY;
      case Status.RETRY_UNCACHED_REP:
      case Status.SEQ_FALSE_RETRY:
        // It arrived before, and its reply was lost: a callback does no harm twice.
        slot.seen(sequenceId);
        return 'again';
      case Status.SEQ_MISORDERED:
        return slot.misordered() ? 'again' : 'unreachable';
      default:
        return 'unreachable';
    }
    reply.skip(SESSION_ID_SIZE + 4 * 4);
    reply.u32();
    const status = reply.u32() as Status;
    if (status === Status.OK) callback.read?.(reply);
    return status;
  }
}

/** Which to try first. */
function rank(binding: Binding): number {
  if (!takesCallbacks(binding)) return 2;
  return binding.callbacks === 'up' ? 0 : 1;
}
