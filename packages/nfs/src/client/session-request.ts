import { Status } from '../nfs4/constants/index.ts';
import {
  type ClientOp,
  type CompoundOptions,
  type CompoundReply,
  decodeCompound,
  encodeCompound,
  NFS_PROGRAM,
  NFS_VERSION,
  type OpResult,
  Procedure,
  type Results,
} from './compound.ts';
import { NfsStatusError } from './errors.ts';
import { type SequenceResult, sequence } from './ops/session.ts';
import type { CallOptions, RpcConnection } from './rpc-client.ts';
import type { Session } from './session.ts';
import type { SlotLease } from './slots.ts';

/** How one request departs from the usual; every field may be wrong on purpose. */
export interface RequestOptions extends CompoundOptions, CallOptions {
  readonly connection?: RpcConnection;
  /** This slot. With `sequence` or `sessionId`, the session's own book-keeping is left alone. */
  readonly slot?: number;
  readonly sequence?: number;
  readonly sessionId?: Uint8Array;
  readonly highestSlot?: number;
  readonly cacheThis?: boolean;
}

/** A session's COMPOUND without its SEQUENCE, whose result stands apart. */
export interface SessionReply<Ops extends readonly ClientOp[] = readonly ClientOp[]> {
  readonly status: Status;
  readonly tag: string;
  readonly sequence: OpResult | undefined;
  readonly results: readonly OpResult[];
  readonly raw: Buffer;
  values(): Results<Ops>;
}

/**
 * One request that holds its slot: sent once, and again on any connection with the same slot and sequence id, until released.
 */
export class SessionRequest<const Ops extends readonly ClientOp[]> {
  readonly session: Session;
  readonly ops: Ops;
  /** COMPOUND4args. */
  readonly body: Buffer;
  readonly slot: number;
  readonly sequence: number;
  readonly #options: RequestOptions;
  readonly #lease: SlotLease | undefined;
  #answered = false;

  constructor(session: Session, ops: Ops, options: RequestOptions, lease: SlotLease | undefined) {
    this.session = session;
    this.ops = ops;
    this.#options = options;
    this.#lease = lease;
    this.slot = options.slot ?? lease?.id ?? 0;
    this.sequence = options.sequence ?? lease?.next ?? 1;
    const first = sequence({
      sessionId: options.sessionId ?? session.id,
      sequence: this.sequence,
      slot: this.slot,
      highestSlot: options.highestSlot ?? Math.max(this.slot, session.slots.highestInUse),
      cacheThis: options.cacheThis ?? false,
    });
    this.body = encodeCompound([first, ...ops], { minor: session.minor, ...options });
  }

  /** Sends it, the first time or again. */
  async send(connection: RpcConnection, options: CallOptions = {}): Promise<SessionReply<Ops>> {
    const reader = await connection.call(NFS_PROGRAM, NFS_VERSION, Procedure.COMPOUND, this.body, {
      ...this.#options,
      ...options,
    });
    const reply = splitReply<Ops>(decodeCompound(reader, [EXPECTED_SEQUENCE, ...this.ops]));
    this.#note(reply);
    return reply;
  }

  #note(reply: SessionReply): void {
    if (reply.sequence?.status !== Status.OK) return;
    this.session.noteSequence(reply.sequence.value as SequenceResult);
    if (this.#answered || this.#lease === undefined) return;
    this.#answered = true;
    this.#lease.next = (this.#lease.next + 1) >>> 0;
  }

  /** Gives the slot back. */
  release(): void {
    if (this.#lease !== undefined) this.session.slots.release(this.#lease);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

const EXPECTED_SEQUENCE = sequence({
  sessionId: Buffer.alloc(0),
  sequence: 0,
  slot: 0,
  highestSlot: 0,
  cacheThis: false,
});

function splitReply<Ops extends readonly ClientOp[]>(whole: CompoundReply): SessionReply<Ops> {
  const [first, ...results] = whole.results;
  return {
    status: whole.status,
    tag: whole.tag,
    sequence: first,
    results,
    raw: whole.raw,
    values: () => {
      if (whole.status === Status.OK) return results.map((result) => result.value) as Results<Ops>;
      const index = results.findIndex((result) => result.status !== Status.OK);
      const failed = index < 0 ? first : results[index];
      throw new NfsStatusError(whole.status, failed?.op ?? 0, index, failed?.body);
    },
  };
}
