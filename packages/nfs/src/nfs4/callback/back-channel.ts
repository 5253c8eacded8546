import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import { AuthFlavor, CbOp, SESSION_ID_SIZE, Status } from '../constants/index.ts';
import { type Session, usableBack } from '../state/sessions.ts';
import { nextSeqid } from '../state/stateids.ts';
import type { CallbackTransport } from './callbacks.ts';

const CALLBACK_VERSION = 1;
const CB_COMPOUND = 1;
const CALL_TIMEOUT_MS = 10_000;
/** Callbacks of one session that wait for a slot. */
const MAX_WAITING = 1024;
const MAX_TAG = 1024;

/** The back channel of one session: its slots, and the walk over the connections that may carry a call (RFC 8881 §2.10.6.1). */
export class BackChannel {
  readonly #session: Session;
  readonly #transport: CallbackTransport;
  /** Sequence ids by slot; a slot in use is not in `#free`. */
  readonly #sequenceIds: number[];
  readonly #free: number[];
  readonly #waiting: ((slot: number) => void)[] = [];

  constructor(session: Session, transport: CallbackTransport) {
    this.#session = session;
    this.#transport = transport;
    this.#sequenceIds = new Array<number>(session.back.maxRequests).fill(0);
    this.#free = this.#sequenceIds.map((_, slot) => slot).reverse();
  }

  /** The operation's status; undefined where no connection of the session carried it. */
  async send(
    op: CbOp,
    write: (out: XdrWriter) => void,
    read?: (reply: XdrReader) => void,
  ): Promise<Status | undefined> {
    if (this.#session.dead || usableBack(this.#session).length === 0) return undefined;
    if (this.#waiting.length >= MAX_WAITING) return undefined;
    const slot = this.#free.pop() ?? (await new Promise<number>((resolve) => this.#waiting.push(resolve)));
    try {
      return await this.#walk(slot, op, write, read);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(slot);
      else next(slot);
    }
  }

  async #walk(
    slot: number,
    op: CbOp,
    write: (out: XdrWriter) => void,
    read: ((reply: XdrReader) => void) | undefined,
  ): Promise<Status | undefined> {
    const sequenceId = nextSeqid(this.#sequenceIds[slot]!);
    const { flavor, credential } = this.#session.callbackSecurity[0]!;
    const target = {
      program: this.#session.callbackProgram,
      version: CALLBACK_VERSION,
      procedure: CB_COMPOUND,
      flavor,
      credential: flavor === AuthFlavor.NONE ? Buffer.alloc(0) : credential,
    };
    for (const { connection } of usableBack(this.#session)) {
      try {
        const reply = await this.#transport.call(connection, target, CALL_TIMEOUT_MS, (out) => {
          this.#encode(out, slot, sequenceId);
          out.u32(op);
          write(out);
        });
        const result = decode(reply);
        if (result.sequenced) this.#sequenceIds[slot] = sequenceId;
        if (result.status === Status.OK) read?.(reply);
        if (result.status !== undefined) return result.status;
      } catch {
        // This connection did not carry it: the next one may. The same slot and sequence id make it a retry, not a second call.
      }
      if (this.#session.dead) return undefined;
    }
    return undefined;
  }

  #encode(out: XdrWriter, slot: number, sequenceId: number): void {
    out.u32(0).u32(this.#session.minor).u32(0).u32(2);
    out.u32(CbOp.SEQUENCE).fixed(this.#session.id).u32(sequenceId).u32(slot);
    out
      .u32(this.#sequenceIds.length - 1)
      .bool(false)
      .u32(0);
  }
}

/** Whether CB_SEQUENCE was accepted, and the status of the operation behind it. */
function decode(reply: XdrReader): { sequenced: boolean; status: Status | undefined } {
  reply.u32();
  reply.opaque(MAX_TAG);
  const count = reply.u32();
  if (count < 1) return { sequenced: false, status: undefined };
  reply.u32();
  const sequenceStatus = reply.u32();
  if (sequenceStatus !== Status.OK) return { sequenced: false, status: undefined };
  reply.skip(SESSION_ID_SIZE + 16);
  if (count < 2) return { sequenced: true, status: undefined };
  reply.u32();
  return { sequenced: true, status: reply.u32() as Status };
}
