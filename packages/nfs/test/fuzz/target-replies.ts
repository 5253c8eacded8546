import {
  AcceptStat,
  CallbackService,
  CbOp,
  type ClientOp,
  decodeCompound,
  decodeMessage,
  encodeCall,
  type IncomingCall,
  ops,
  type RpcConnection,
  RpcError,
} from '../../src/client/index.ts';
import { XdrError, XdrReader, XdrWriter } from '../../src/xdr/index.ts';
import type { Mutator } from './mutate.ts';
import { Finding, type World, WorldSession } from './world.ts';

interface Captured {
  readonly ops: readonly ClientOp[];
  readonly reply: Buffer;
}

/** What a decoder may say to bytes that are wrong. */
function isRefusal(error: unknown): boolean {
  return error instanceof XdrError || error instanceof RpcError || error instanceof RangeError;
}

function callback(): Buffer {
  const out = new XdrWriter();
  out.string('tag').u32(1).u32(0).u32(2);
  out.u32(CbOp.SEQUENCE).fixed(Buffer.alloc(16, 1)).u32(1).u32(0).u32(0).bool(false).u32(0);
  out.u32(CbOp.RECALL).fixed(Buffer.alloc(16, 2)).bool(false).opaque(Buffer.alloc(20, 3));
  const header = { xid: 1, program: 0x40000000, version: 1, procedure: 1 };
  return encodeCall(header, Buffer.from(out.bytes()));
}

/** The client's own decoders: replies captured from the engine, and callbacks, changed. */
export class ReplyTarget {
  readonly #captured: readonly Captured[];
  readonly #bytes: readonly Buffer[];
  readonly #callback = callback();
  readonly #service = new CallbackService();

  private constructor(captured: readonly Captured[]) {
    this.#captured = captured;
    this.#bytes = captured.map((each) => each.reply);
    this.#service.addSession(Buffer.alloc(16, 1), 1);
  }

  static async make(world: World): Promise<ReplyTarget> {
    const session = await WorldSession.make(world, 'replies', false);
    const walk = [ops.putrootfh(), ops.lookup('export')];
    const lists: readonly (readonly ClientOp[])[] = [
      [...walk, ops.getfh()],
      [...walk, ops.getattr([0, 1, 3, 4, 8, 10, 20, 33, 36, 37, 47, 53, 55])],
      [...walk, ops.readdir({ attributes: [1, 4, 20] })],
      [...walk, ops.create({ type: 2 }, 'replies', { mode: 0o755 }), ops.access(0x1f)],
      [...walk, ops.secinfo('replies')],
      [...walk, ops.lookup('none')],
      [ops.testStateid([{ seqid: 1, a: 1, b: 1, c: 1 }])],
    ];
    const captured: Captured[] = [];
    for (const list of lists) {
      const whole = [session.next(0), ...list];
      captured.push({ ops: whole, reply: Buffer.from((await world.compound(whole)).raw) });
    }
    return new ReplyTarget(captured);
  }

  fuzz(mutator: Mutator): void {
    if (mutator.chance(0.3)) this.#message(mutator);
    else this.#reply(mutator);
  }

  #reply(mutator: Mutator): void {
    const { ops: list, reply } = mutator.pick(this.#captured);
    const bytes = mutator.chance(0.1) ? mutator.words(mutator.below(60)) : mutator.mutate(reply, this.#bytes);
    try {
      decodeCompound(new XdrReader(bytes), list);
    } catch (error) {
      if (!isRefusal(error)) throw new Finding('a reply made the client throw', bytes, error);
    }
  }

  #message(mutator: Mutator): void {
    const bytes = mutator.mutate(this.#callback, this.#bytes);
    let call: IncomingCall;
    try {
      const message = decodeMessage(bytes);
      if (!('call' in message)) return;
      call = message.call;
    } catch (error) {
      if (isRefusal(error)) return;
      throw new Finding('a message made the client throw', bytes, error);
    }
    this.#service.received.length = 0;
    void this.#service.handle(call, undefined as unknown as RpcConnection).then((answer) => {
      if (answer === AcceptStat.SYSTEM_ERR) throw new Finding('a callback broke the client', bytes);
    });
  }
}
