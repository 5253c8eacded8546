import type { XdrReader, XdrWriter } from '../../xdr/index.ts';
import { CbOp, type Status } from '../constants/index.ts';
import type { Client } from '../state/clients.ts';
import { type Connection, carriesBack } from '../state/connections.ts';
import type { Session } from '../state/sessions.ts';
import { BackChannel } from './back-channel.ts';

/** How a CB_COMPOUND reaches a client; given by whoever owns the sockets. */
export interface CallbackTransport {
  /** One call over one connection. Rejects where that connection cannot carry it. */
  call(
    connection: Connection,
    target: { program: number; version: number; procedure: number; flavor: number; credential: Uint8Array },
    timeoutMs: number,
    write: (out: XdrWriter) => void,
  ): Promise<XdrReader>;
}

/** Calls to clients over the back channels of their sessions (RFC 8881 §2.10.3.1, §20). */
export class Callbacks {
  readonly #transport: CallbackTransport;
  readonly #timeoutMs: () => number;
  readonly #count: (op: CbOp, status: Status | undefined) => void;
  readonly #channels = new WeakMap<Session, BackChannel>();

  /** `timeoutMs` is asked for each call; `count` is told what came of each callback. */
  constructor(
    transport: CallbackTransport,
    timeoutMs: () => number,
    count: (op: CbOp, status: Status | undefined) => void,
  ) {
    this.#transport = transport;
    this.#timeoutMs = timeoutMs;
    this.#count = count;
  }

  /** Some session of the client has a connection for callbacks. */
  reachable(client: Client): boolean {
    for (const session of client.sessions) if (session.callable) return true;
    return false;
  }

  /** Some connection would be tried for a callback, though the last one over it may have failed. */
  hasWay(client: Client): boolean {
    for (const session of client.sessions)
      for (const binding of session.bindings.values())
        if (carriesBack(binding) && !binding.connection.draining) return true;
    return false;
  }

  #channel(session: Session): BackChannel {
    let channel = this.#channels.get(session);
    if (channel === undefined) {
      channel = new BackChannel(session, this.#transport, this.#timeoutMs);
      this.#channels.set(session, channel);
    }
    return channel;
  }

  /**
   * Sends one operation behind CB_SEQUENCE, over each back-capable connection of each session of the client until one carries it. Resolves to the
   * operation's status, or undefined where nobody could be reached. `read` gets the rest of a good result.
   */
  async send(
    client: Client,
    op: CbOp,
    write: (out: XdrWriter) => void,
    read?: (reply: XdrReader) => void,
  ): Promise<Status | undefined> {
    for (const session of [...client.sessions]) {
      const status = await this.#channel(session).send({ op, write, read });
      if (status === undefined) continue;
      this.#count(op, status);
      return status;
    }
    this.#count(op, undefined);
    return undefined;
  }

  /** CB_RECALL_SLOT (§20.8): asks the client to use no slot above this one any more. */
  async recallSlot(session: Session, highest: number): Promise<void> {
    const write = (out: XdrWriter) => void out.u32(highest);
    this.#count(CbOp.RECALL_SLOT, await this.#channel(session).send({ op: CbOp.RECALL_SLOT, write }));
  }
}
