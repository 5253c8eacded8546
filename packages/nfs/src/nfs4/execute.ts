import { isUtf8 } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import type { Awaitable, FileSystem } from '../vfs/index.ts';
import type { XdrWriter } from '../xdr/index.ts';
import type { Compound } from './compound.ts';
import { Op, opName, Status } from './constants/index.ts';
import { statusOf } from './errors.ts';
import { latencyBucket } from './load.ts';
import { isListed, listedStatus } from './op-statuses.ts';
import type { Operation } from './operation.ts';
import { operationOf } from './ops/index.ts';
import type { Persistence } from './persist/persistence.ts';

/** Operations that may stand without SEQUENCE, and then only alone (RFC 8881 §2.10.2). */
const SESSIONLESS: ReadonlySet<number> = new Set([
  Op.EXCHANGE_ID,
  Op.CREATE_SESSION,
  Op.BIND_CONN_TO_SESSION,
  Op.DESTROY_SESSION,
  Op.DESTROY_CLIENTID,
]);

const NO_TAG = Buffer.alloc(0);

/** Where the first change of a COMPOUND stands in its reply: what is left of the reply should that change not become stable. */
interface FirstChange {
  readonly op: number;
  readonly index: number;
  readonly position: number;
}

/**
 * Runs a COMPOUND to its end and writes its COMPOUND4res to `c.out` (RFC 8881 §16.2). Answers at once where no operation had to wait.
 */
export class Execution {
  readonly #c: Compound;
  #start = 0;
  #countAt = 0;
  #tag: Buffer;
  #status: Status = Status.OK;
  #done = 0;
  #first: FirstChange | undefined;
  #dirty: FileSystem[] | undefined;
  /** Something changed, in the files or in the state: the slot's record must outlive the process. */
  #modified = false;
  /** Ends what keeps the changes so far from becoming stable without the rest. */
  #held: (() => void)[] | undefined;
  /** It could not be answered at once. */
  #slept = false;
  #begun = 0;
  /** The reply had to wait after the last operation. */
  #waited = false;
  #awaited: Promise<unknown> | undefined;
  /** When the last operation ended: the next one starts then. */
  #mark = 0;

  /** `begun` is when the request came, of `performance.now`; anything where times are not measured. */
  constructor(c: Compound, tag: Buffer, begun: number) {
    this.#c = c;
    this.#tag = tag;
    this.#begin(begun);
  }

  /** The same of the next request in the same Compound, which was restarted for it. Only where the last one was answered at once. */
  restart(tag: Buffer, begun: number): void {
    this.#tag = tag;
    this.#status = Status.OK;
    this.#done = 0;
    this.#first = undefined;
    this.#dirty = undefined;
    this.#modified = false;
    this.#held = undefined;
    this.#slept = false;
    this.#waited = false;
    this.#awaited = undefined;
    this.#begin(begun);
  }

  #begin(begun: number): void {
    const { out } = this.#c;
    this.#begun = begun;
    this.#mark = begun;
    this.#start = out.position;
    out.u32(Status.OK).opaque(this.#tag);
    this.#countAt = out.position;
    out.u32(0);
  }

  get compound(): Compound {
    return this.#c;
  }

  /** When the last operation ended, of `performance.now`. */
  get mark(): number {
    return this.#mark;
  }

  /**
   * After {@link run} has returned: the reply is written, and is to be held until this answers or rejects. {@link release} follows, or
   * {@link refuse}; nothing of the request is needed for that.
   */
  get awaited(): Promise<unknown> | undefined {
    return this.#awaited;
  }

  /** What {@link awaited} stood for has come: the reply may leave when this returns. */
  release(): void {
    this.#complete();
  }

  /** It has not come: the reply is another when this returns. */
  refuse(error: unknown): void {
    this.#unstable(error);
    this.#complete();
  }

  run(): Awaitable<void> {
    const c = this.#c;
    const refused = requestStatus(c, this.#tag);
    if (refused !== Status.OK) {
      this.#status = refused;
      return this.#finish();
    }
    return this.#loop();
  }

  #loop(): Awaitable<void> {
    const c = this.#c;
    while (c.index < c.count) {
      const started = this.#step();
      if (started instanceof Promise) {
        this.#slept = true;
        if (this.#modified) this.#hold();
        return this.#later(started);
      }
      if (!started) break;
    }
    return this.#settle();
  }

  // What follows a promise stands apart: a function that makes closures takes memory for what they share each time it is called.

  #later(started: Promise<boolean>): Promise<void> {
    return started.then((more) => (more ? this.#loop() : this.#settle()));
  }

  #endLater(
    result: Promise<Status>,
    operation: Operation | undefined,
    shown: number,
    at: number,
  ): Promise<boolean> {
    return result.then(
      (status) => this.#end(operation, shown, at, status),
      (error) => this.#end(operation, shown, at, this.#caught(shown, error)),
    );
  }

  /** Runs one operation; true where the next may follow. */
  #step(): boolean | Promise<boolean> {
    const c = this.#c;
    const { out } = c;
    const at = out.position;
    let op: number;
    try {
      op = c.args.u32();
    } catch {
      return this.#end(undefined, Op.ILLEGAL, at, Status.BADXDR);
    }
    const known = operationOf(op);
    const operation = known !== undefined && known.minor <= c.minor ? known : undefined;
    const shown = operation === undefined ? Op.ILLEGAL : op;
    out.u32(shown).u32(0);
    const refused = this.#refusal(operation, op);
    if (refused !== Status.OK) return this.#end(operation, shown, at, refused);
    try {
      const result = operation!.run(c);
      if (typeof result === 'number') return this.#end(operation, shown, at, result);
      return this.#endLater(result, operation, shown, at);
    } catch (error) {
      return this.#end(operation, shown, at, this.#caught(shown, error));
    }
  }

  #refusal(operation: Operation | undefined, op: number): Status {
    const c = this.#c;
    if (operation === undefined) return Status.OP_ILLEGAL;
    if (c.refuseRest !== undefined) return c.refuseRest;
    const { blockedOperations } = c.engine;
    if (blockedOperations.size > 0 && blockedOperations.has(op)) return Status.NOTSUPP;
    if (c.index === 0 && op !== Op.SEQUENCE) {
      if (!SESSIONLESS.has(op)) return Status.OP_NOT_IN_SESSION;
      if (c.count > 1) return Status.NOT_ONLY_OP;
    }
    if (operation.needsFh && c.node === undefined) return Status.NOFILEHANDLE;
    if (operation.modifies && c.room < operation.replyRoom) return c.tooBig;
    return Status.OK;
  }

  #caught(op: number, error: unknown): Status {
    const status = statusOf(error);
    if (status !== undefined) return status;
    this.#c.engine.emit({ type: 'fault', operation: opName(op), error });
    return Status.SERVERFAULT;
  }

  /** Completes an operation's result. */
  #end(operation: Operation | undefined, op: number, at: number, given: Status): boolean {
    const c = this.#c;
    const { out } = c;
    let status = given;
    if (out.position > c.replyEnd && status === Status.OK) status = c.tooBig;
    if (status !== Status.OK) {
      status = this.#listed(op, status);
      if (!c.keepBody) out.truncate(at);
      c.dropTail();
      if (out.position === at) writeFailure(out, op, status);
      else out.patchU32(at + 4, status);
    } else {
      // That it is OK was written with its number.
      if (operation?.modifies) {
        this.#modified = true;
        if (operation.changesFiles !== false) c.changed = true;
      }
      if (c.changed) this.#changed(op, at);
    }
    this.#count(operation, op, status);
    this.#status = status;
    this.#done++;
    c.index++;
    return status === Status.OK && c.replay === undefined;
  }

  #count(operation: Operation | undefined, op: number, status: Status): void {
    const c = this.#c;
    const { counters } = c.engine;
    if (!counters.timed) {
      counters.operation(op, status, undefined);
      return;
    }
    if (operation?.isBrief && status === Status.OK && c.index + 1 < c.count && !this.#slept) {
      counters.operation(op, status, 0);
      return;
    }
    const now = performance.now();
    counters.operation(op, status, (now - this.#mark) / 1000);
    this.#mark = now;
  }

  /** Only what the RFC lists for the operation leaves the server (§15.2), or the nearest to it; with none, the fault is ours. */
  #listed(op: number, status: Status): Status {
    const listed = listedStatus(op, status);
    if (listed !== undefined) return listed;
    const error = new Error(`status ${status} is not listed for ${opName(op)}`);
    this.#c.engine.emit({ type: 'fault', operation: opName(op), error });
    return Status.SERVERFAULT;
  }

  #changed(op: number, at: number): void {
    const c = this.#c;
    c.changed = false;
    c.hasChangedFiles = true;
    this.#first ??= { op, index: c.index, position: at };
    const fs = c.export?.fileSystem;
    if (fs === undefined || fs.stable === undefined) return;
    if (this.#dirty === undefined) this.#dirty = [fs];
    else if (!this.#dirty.includes(fs)) this.#dirty.push(fs);
  }

  #hold(): void {
    if (this.#c.engine.persistence === undefined || this.#held !== undefined) return;
    for (const fs of this.#dirty ?? []) {
      const release = fs.hold?.();
      if (release === undefined) continue;
      this.#held ??= [];
      this.#held.push(release);
    }
  }

  /** Changes and reply become one unit of the journal, before anything is waited for. */
  #record(persistence: Persistence): void {
    const c = this.#c;
    const { session, slot, out } = c;
    if (session === undefined || slot === undefined || !this.#modified) {
      persistence.sweep();
      return;
    }
    out.patchU32(this.#start, this.#status);
    out.patchU32(this.#countAt, this.#done);
    const reply = c.cacheThis ? out : undefined;
    persistence.settle(session, slot, reply, this.#start, this.#first !== undefined);
    for (const release of this.#held ?? []) release();
    this.#held = undefined;
  }

  /** Waits for what must be stable before the reply. */
  #settle(): Awaitable<void> {
    const { persistence } = this.#c.engine;
    if (persistence !== undefined) this.#record(persistence);
    const grace = this.#c.engine.state.grace;
    if (this.#dirty === undefined && !grace.dirty) return this.#finish();
    // A retransmission has changed nothing, and the reply of its first run has waited for what that had.
    if (this.#c.replay !== undefined) return this.#finish();
    const waits: Promise<void>[] = [];
    try {
      for (const fs of this.#dirty ?? []) {
        const wait = fs.stable!();
        if (wait instanceof Promise) waits.push(wait);
      }
      if (grace.dirty) waits.push(grace.stable());
    } catch (error) {
      this.#unstable(error);
      return this.#finish();
    }
    if (waits.length === 0) return this.#finish();
    this.#waited = true;
    // The journal has its record already, and may ask the slot for it before it is done.
    if (this.#c.slot?.recorded && this.#c.cacheThis) this.#c.slot.keep(this.#c.out, this.#start);
    const stable = waits.length === 1 ? waits[0]! : Promise.all(waits);
    if (this.#slept) return this.#finishLater(stable);
    this.#slept = true;
    this.#awaited = stable;
    // It lies in the request's bytes, which others need.
    this.#tag = NO_TAG;
  }

  #finishLater(stable: Promise<unknown>): Promise<void> {
    return stable.then(
      () => this.#finish(),
      (error) => {
        this.#unstable(error);
        this.#finish();
      },
    );
  }

  /** What changed did not become stable: the reply ends with an error at the first change. */
  #unstable(error: unknown): void {
    const { out, engine } = this.#c;
    const first = this.#first ?? { op: Op.SEQUENCE, index: 0, position: this.#countAt + 4 };
    const known = statusOf(error);
    if (known === undefined) engine.emit({ type: 'fault', operation: opName(first.op), error });
    out.truncate(first.position);
    this.#c.dropTail();
    const wanted = [known ?? Status.IO, Status.IO];
    this.#status = wanted.find((status) => isListed(first.op, status)) ?? Status.SERVERFAULT;
    writeFailure(out, first.op, this.#status);
    this.#done = first.index + 1;
  }

  #finish(): Awaitable<void> {
    const { replay } = this.#c;
    if (replay === undefined) return this.#complete();
    if (this.#slept) this.#renew();
    return replay instanceof Promise ? this.#replayLater(replay) : this.#replay(replay);
  }

  /** The client may have had to be silent for as long as it waited: its lease is not to end the moment it is answered. */
  #renew(): void {
    const { session, engine } = this.#c;
    if (session !== undefined) engine.state.renew(session.client);
  }

  #complete(): void {
    const c = this.#c;
    if (this.#slept) this.#renew();
    c.out.patchU32(this.#start, this.#status);
    c.out.patchU32(this.#countAt, this.#done);
    // A request of SEQUENCE alone is always cached: there is no other operation to carry RETRY_UNCACHED_REP.
    c.slot?.finish(c.out, this.#start, c.cacheThis || c.count === 1, c.tail === undefined);
    this.#account();
  }

  /** Of whom and of which share this was asked. Retransmissions are nobody's: their first run was counted. */
  #account(): void {
    const { engine, connection, requestBytes, out, export: share } = this.#c;
    const { counters } = engine;
    const seconds = counters.timed ? (this.#ended() - this.#begun) / 1000 : undefined;
    const bucket = seconds === undefined ? 0 : latencyBucket(seconds);
    const bytes = out.position + (this.#c.tail?.length ?? 0);
    counters.load.add(this.#done, requestBytes, bytes, seconds, bucket);
    connection.load.add(this.#done, requestBytes, bytes, seconds, bucket);
    share?.load?.add(this.#done, requestBytes, bytes, seconds, bucket);
  }

  /** Where nothing was waited for after the last operation, its end is the request's. */
  #ended(): number {
    return this.#waited ? performance.now() : this.#mark;
  }

  #replayLater(coming: Promise<Buffer | Status>): Promise<void> {
    return coming.then((reply) => this.#replay(reply));
  }

  #replay(reply: Buffer | Status): void {
    const { out } = this.#c;
    if (typeof reply !== 'number') {
      out.truncate(this.#start);
      out.fixed(reply);
      return;
    }
    out.truncate(this.#countAt);
    out.u32(1).u32(Op.SEQUENCE).u32(reply);
    out.patchU32(this.#start, reply);
  }
}

/** A result without a body; SETATTR alone tells what it set even so: nothing (RFC 8881 §18.30.2). */
function writeFailure(out: XdrWriter, op: number, status: Status): void {
  out.u32(op).u32(status);
  if (op === Op.SETATTR) out.u32(0);
}

/** What is wrong with the request as a whole: its version, before anything in it is looked at, or its tag (§16.2.3). */
function requestStatus(c: Compound, tag: Buffer): Status {
  const { settings } = c.engine;
  if (c.minor < settings.minMinorVersion || c.minor > settings.maxMinorVersion) {
    return Status.MINOR_VERS_MISMATCH;
  }
  return tag.length === 0 || isUtf8(tag) ? Status.OK : Status.INVAL;
}
