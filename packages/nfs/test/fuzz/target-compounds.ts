import {
  Attr,
  authSys,
  type ClientOp,
  encodeArgs,
  encodeCall,
  encodeCompound,
  KNOWN_ATTRIBUTES,
  NFS_PROGRAM,
  NFS_VERSION,
  nextXid,
  Op,
  ops,
  Procedure,
  RawOp,
  RpcError,
  readText,
  Status,
  toFragments,
} from '../../src/client/index.ts';
import type { XdrReader } from '../../src/xdr/index.ts';
import { ALONE, buildCorpus, type Seed } from './corpus.ts';
import type { Mutator } from './mutate.ts';
import { ANSWER_MS, Finding, type World, WorldSession } from './world.ts';

const MAX_OPS = 12;
const LAST_OP = 80;
const CREDENTIALS = [
  authSys({ uid: 0, gid: 0 }),
  authSys({ uid: 0, gid: 0 }),
  authSys({ uid: 1000, gid: 1000, groups: [5] }),
];
/** Statuses of SEQUENCE that say the session is no more. */
const LOST: ReadonlySet<Status> = new Set<Status>([Status.BADSESSION, Status.DEADSESSION]);

/** Whole COMPOUNDs in a session, each operation one of the client's own, changed in its arguments or made up. */
export class CompoundTarget {
  readonly #world: World;
  #session: WorldSession;
  #corpus: readonly Seed[];
  readonly #args: Buffer[];
  readonly #decoders = new Map<number, ClientOp>();
  #sessions = 1;

  private constructor(world: World, session: WorldSession, corpus: readonly Seed[]) {
    this.#world = world;
    this.#session = session;
    this.#corpus = corpus;
    this.#args = corpus.map((seed) => seed.args);
    for (const seed of corpus) this.#decoders.set(seed.op, seed.decoder);
  }

  static async make(world: World): Promise<CompoundTarget> {
    const session = await WorldSession.make(world, 'fuzzer', false);
    return new CompoundTarget(world, session, await buildCorpus(session));
  }

  /** A session and files anew: a fuzzed request may well have ended the last. */
  async renew(): Promise<void> {
    const backChannel = this.#sessions % 2 === 1;
    this.#session = await WorldSession.make(this.#world, `fuzzer${this.#sessions++}`, backChannel);
    this.#corpus = await buildCorpus(this.#session);
    this.#args.splice(0, this.#args.length, ...this.#corpus.map((seed) => seed.args));
  }

  /** One COMPOUND of operations out of the corpus. */
  async fuzzOps(mutator: Mutator): Promise<void> {
    const list: ClientOp[] = [];
    if (mutator.chance(0.05)) {
      const alone = this.#corpus.filter((seed) => ALONE.has(seed.op));
      await this.#send(mutator, [this.#changed(mutator, mutator.pick(alone))], false);
      return;
    }
    // Most start somewhere real, or every one would end at NFS4ERR_NOFILEHANDLE.
    if (mutator.chance(0.8)) list.push(this.#exact(mutator.below(5)));
    if (mutator.chance(0.2)) list.push(ops.savefh(), this.#exact(mutator.below(5)));
    for (let count = mutator.below(mutator.chance(0.9) ? 5 : MAX_OPS); count >= 0; count--)
      list.push(...this.#ops(mutator));
    await this.#send(mutator, list, mutator.chance(0.98));
  }

  #exact(index: number): ClientOp {
    const seed = this.#corpus[index]!;
    return new RawOp(seed.op, seed.args);
  }

  #changed(mutator: Mutator, seed: Seed): ClientOp {
    return new RawOp(seed.op, mutator.chance(0.6) ? mutator.mutate(seed.args, this.#args) : seed.args);
  }

  /** An operation, often where it makes sense. */
  #ops(mutator: Mutator): ClientOp[] {
    if (mutator.chance(0.06)) {
      const number = mutator.chance(0.95) ? mutator.below(LAST_OP) : mutator.word();
      return [new RawOp(number, mutator.words(mutator.below(24)))];
    }
    const seed = mutator.pick(this.#corpus);
    const changed = this.#changed(mutator, seed);
    return mutator.chance(0.5) ? [seed.place, changed] : [changed];
  }

  /** Attributes made up, in every operation that takes them. */
  async fuzzAttributes(mutator: Mutator): Promise<void> {
    const mask = Array.from({ length: mutator.below(6) }, () =>
      mutator.chance(0.8) ? mutator.pick(SETTABLE) : mutator.below(130),
    ).sort((a, b) => a - b);
    const good = encodeArgs(ops.verify({ mask, values: mutator.words(mutator.below(12)) }));
    const fattr = mutator.chance(0.5) ? good : mutator.mutate(good, this.#args);
    const anonymous = Buffer.alloc(16);
    const asked = Array.from({ length: mutator.below(12) }, () => mutator.pick(KNOWN_ATTRIBUTES));
    const list: ClientOp[] = [this.#exact(mutator.below(5))];
    switch (mutator.below(6)) {
      case 0:
        list.push(new RawOp(Op.SETATTR, Buffer.concat([anonymous, fattr])));
        break;
      case 1:
        list.push(new RawOp(Op.VERIFY, fattr));
        break;
      case 2:
        list.push(new RawOp(Op.NVERIFY, fattr));
        break;
      case 3:
        list.push(this.#exact(0), new RawOp(Op.CREATE, Buffer.concat([CREATE_DIR, fattr])));
        break;
      case 4:
        list.push(new RawOp(Op.GETATTR, mutator.mutate(encodeArgs(ops.getattr(asked)), this.#args)));
        break;
      default:
        list.push(this.#exact(0), ops.readdir({ attributes: asked, maxCount: 20 + mutator.below(4000) }));
    }
    await this.#send(mutator, list, true);
  }

  async #send(mutator: Mutator, list: readonly ClientOp[], inSession: boolean): Promise<void> {
    const world = this.#world;
    if (!world.peer.open) world.peer = world.connect();
    const { peer } = world;
    const slot = mutator.below(this.#session.slots);
    const first = inSession ? [this.#session.next(slot, mutator.chance(0.3))] : [];
    const whole = encodeCompound([...first, ...list], {
      minor: world.minor,
      tag: mutator.chance(0.1) ? 'tag' : '',
    });
    const body = mutator.chance(0.05) ? mutator.mutate(whole, this.#args) : whole;
    const xid = nextXid();
    const header = { xid, program: NFS_PROGRAM, version: NFS_VERSION, procedure: Procedure.COMPOUND };
    const record = encodeCall({ ...header, credential: mutator.pick(CREDENTIALS) }, body);
    peer.replies.length = 0;
    peer.send(toFragments(record));
    if (!(await peer.settled(ANSWER_MS)))
      throw new Finding('a COMPOUND was neither answered nor its connection closed', record);
    world.check(record);
    const reply = peer.replies[0];
    if (reply === undefined) return;
    if (reply.xid !== xid) throw new Finding('reply with another xid', record);
    if (reply.outcome instanceof RpcError) {
      if (reply.outcome.code === 'RPC_GARBAGE_ARGS') return this.#lost();
      throw new Finding(`RPC error ${reply.outcome.code}`, record);
    }
    const status = this.#decode(reply.outcome, record);
    if (status !== Status.OK) await this.#lost(status);
  }

  /** After a request that may have left slots or session behind what the fuzzer thinks. */
  async #lost(status: Status = Status.BADSESSION): Promise<void> {
    if (LOST.has(status) || status === Status.SEQ_MISORDERED) await this.renew();
  }

  /** Reads the whole reply, to the last byte; yields the status of SEQUENCE. */
  #decode(reader: XdrReader, record: Buffer): Status {
    try {
      const status = reader.u32();
      readText(reader);
      let last: number = Status.OK;
      let first: Status = Status.OK;
      const count = reader.u32();
      for (let index = 0; index < count; index++) {
        if (last !== Status.OK) throw new RangeError(`a result behind status ${last}`);
        last = this.#result(reader);
        if (index === 0) first = last as Status;
      }
      if (count > 0 && status !== last) throw new RangeError(`status ${status}, last result ${last}`);
      if (reader.remaining > 0) throw new RangeError(`${reader.remaining} bytes behind the last result`);
      return first;
    } catch (error) {
      throw new Finding(
        `reply does not decode: ${error instanceof Error ? error.message : error}`,
        record,
        error,
      );
    }
  }

  #result(reader: XdrReader): number {
    const op = reader.u32();
    const status = reader.u32();
    const decoder = this.#decoders.get(op);
    if (decoder === undefined) {
      if (status === Status.OK) throw new RangeError(`operation ${op} succeeded`);
      return status;
    }
    if (status === Status.OK) decoder.ok(reader);
    else decoder.failed?.(reader, status as Status);
    return status;
  }
}

const SETTABLE: readonly number[] = [
  Attr.SIZE,
  Attr.MODE,
  Attr.OWNER,
  Attr.OWNER_GROUP,
  Attr.TIME_ACCESS_SET,
  Attr.TIME_CREATE,
  Attr.TIME_MODIFY_SET,
  Attr.MODE_SET_MASKED,
  Attr.MODE_UMASK,
  ...KNOWN_ATTRIBUTES.slice(0, 14),
];

/** createtype4 and name of a directory, as they stand in CREATE's arguments. */
const CREATE_DIR = Buffer.from('00000002000000046d616465', 'hex');
