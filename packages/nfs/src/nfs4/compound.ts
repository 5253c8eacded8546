import type { Principal } from '../rpc/auth.ts';
import type { Attributes, Awaitable, Credentials, FileSystem, Stretch } from '../vfs/index.ts';
import type { XdrReader, XdrWriter } from '../xdr/index.ts';
import { Status } from './constants/index.ts';
import type { Engine } from './engine.ts';
import { NfsError } from './errors.ts';
import type { Export } from './exports.ts';
import type { Connection } from './state/connections.ts';
import type { Session } from './state/sessions.ts';
import type { Slot } from './state/slots.ts';
import type { Stateid } from './stateid.ts';

/** One COMPOUND while it runs: its arguments, its reply, and what one operation leaves to the next (RFC 8881 §16.2.3). */
export class Compound {
  readonly engine: Engine;
  connection: Connection;
  principal: Principal;
  args: XdrReader;
  out: XdrWriter;
  minor: number;
  /** Operations that the request says it has. */
  count: number;
  /** Bytes of the whole RPC request. */
  requestBytes: number;
  /** The operation that runs, from 0. */
  index = 0;

  session: Session | undefined;
  slot: Slot | undefined;
  /** The number of `slot`. */
  slotId = 0;
  /** The client asked that the reply be cached (sa_cachethis). */
  cacheThis = false;
  /** Where the RPC reply starts in `out`: its sizes count from behind the record mark. */
  readonly replyStart = 4;
  /** What every further operation is answered with, unrun. */
  refuseRest: Status | undefined;
  /** The reply must end before this position of `out`. */
  replyEnd = Number.MAX_SAFE_INTEGER;
  /** What a reply beyond `replyEnd` is answered with. */
  tooBig: Status = Status.REP_TOO_BIG;

  export: Export | undefined;
  node: object | undefined;
  savedExport: Export | undefined;
  savedNode: object | undefined;
  stateid: Stateid | undefined;
  savedStateid: Stateid | undefined;

  /** Bytes of a file that the reply ends with, sent from where they lie. */
  tail: Stretch | undefined;

  /** Something changed: the reply waits for the stores. */
  changed = false;
  /** Something in the files has changed: they are not asked for again as they were. */
  hasChangedFiles = false;
  /** The failing operation's result has a body. */
  keepBody = false;
  /**
   * The whole reply is this one, from the slot's cache, or comes later from the first run of the same request; a status where that left none.
   */
  replay: Buffer | Promise<Buffer | Status> | undefined;

  constructor(
    engine: Engine,
    connection: Connection,
    principal: Principal,
    args: XdrReader,
    out: XdrWriter,
    minor: number,
    count: number,
    requestBytes: number,
  ) {
    this.engine = engine;
    this.connection = connection;
    this.principal = principal;
    this.args = args;
    this.out = out;
    this.minor = minor;
    this.count = count;
    this.requestBytes = requestBytes;
  }

  /** Becomes another COMPOUND: to make an object of so many fields costs more than to set them. */
  restart(
    connection: Connection,
    principal: Principal,
    args: XdrReader,
    out: XdrWriter,
    minor: number,
    count: number,
    requestBytes: number,
  ): void {
    this.connection = connection;
    this.principal = principal;
    this.args = args;
    this.out = out;
    this.minor = minor;
    this.count = count;
    this.requestBytes = requestBytes;
    this.index = 0;
    this.session = undefined;
    this.slot = undefined;
    this.slotId = 0;
    this.cacheThis = false;
    this.refuseRest = undefined;
    this.replyEnd = Number.MAX_SAFE_INTEGER;
    this.tooBig = Status.REP_TOO_BIG;
    this.export = undefined;
    this.node = undefined;
    this.savedExport = undefined;
    this.savedNode = undefined;
    this.stateid = undefined;
    this.savedStateid = undefined;
    this.tail = undefined;
    this.changed = false;
    this.hasChangedFiles = false;
    this.keepBody = false;
    this.replay = undefined;
  }

  /** The current file system. Only for operations that need a filehandle. */
  get fs(): FileSystem {
    return this.here.fileSystem;
  }

  /** The export of the current filehandle. */
  get here(): Export {
    if (this.export === undefined) throw new NfsError(Status.NOFILEHANDLE);
    return this.export;
  }

  /** The object of the current filehandle. */
  get object(): object {
    if (this.node === undefined) throw new NfsError(Status.NOFILEHANDLE);
    return this.node;
  }

  /** The caller on the current export, squashed as that says. */
  get cred(): Credentials {
    return this.here.squash(this.principal.credentials);
  }

  /** Bytes that the reply may still grow by. */
  get room(): number {
    return this.replyEnd - this.out.position;
  }

  /**
   * May the result of this operation be the reply's end, to be sent from where it lies? Not where an operation follows, which might change it before it
   * leaves, nor where the reply is to be kept for a retransmission.
   */
  get mayHaveTail(): boolean {
    return (
      this.index + 1 === this.count && !this.cacheThis && this.connection.traffic.sendsStretches === true
    );
  }

  /** The tail goes to who sends the reply. */
  takeTail(): Stretch | undefined {
    const { tail } = this;
    this.tail = undefined;
    return tail;
  }

  /** The result that ended with it is not sent after all. */
  dropTail(): void {
    this.takeTail()?.release();
  }

  /** Makes an object the current filehandle; the current stateid is gone with the old one (RFC 8881 §16.2.3.1.2). */
  setCurrent(target: Export, node: object): void {
    this.export = target;
    this.node = node;
    this.stateid = undefined;
  }

  attributes(): Awaitable<Attributes> {
    return this.fs.attributes(this.object);
  }

  /** Attributes for a look at type, size and change. */
  glance(): Awaitable<Attributes> {
    const { fs } = this;
    return fs.glance === undefined ? fs.attributes(this.object) : fs.glance(this.object);
  }

  /** NFS4ERR_ROFS on a read-only share. */
  requireWritable(): void {
    if (this.here.readOnly) throw new NfsError(Status.ROFS);
  }
}
