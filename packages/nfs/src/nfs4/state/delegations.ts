import type { Hashed } from '../../hash-table.ts';
import { DelegationType, ShareAccess } from '../constants/index.ts';
import type { Client } from './clients.ts';
import type { FileState } from './files.ts';
import type { Lasting } from './marks.ts';
import type { OpenState } from './opens.ts';
import { type StateEntry, StateKind } from './stateids.ts';

export type DelegationKind = typeof DelegationType.READ | typeof DelegationType.WRITE;

/** A delegation: the promise to a client that nobody else changes (READ) or sees (WRITE) a file without its knowledge (RFC 8881 §10.2, §10.4). */
export class DelegationState implements Lasting, Hashed<StateEntry> {
  readonly kind = StateKind.DELEGATION;
  readonly number: number;
  readonly seqid = 1;
  readonly client: Client;
  readonly file: FileState;
  readonly type: DelegationKind;
  /** The open-owner that it was granted to. */
  readonly ownerKey: string;
  /** The file's change attribute when it was granted: by any other the holder says that it has changed the file. */
  readonly changeAtGrant: number;
  /** The change attribute that the holder gave last, as different from the one granted. */
  holderChange: bigint | undefined;
  /** Milliseconds of the monotonic clock when it was first asked back; undefined before. */
  recalledAt: number | undefined;
  /** Taken away: it stays only until the client frees its stateid. */
  revoked = false;
  /** The client has returned or freed it. */
  gone = false;
  marked = false;
  nextMarked: Lasting | undefined;
  journaled = false;
  next: StateEntry | undefined;
  readonly #ended: (() => void)[] = [];

  constructor(
    number: number,
    open: Pick<OpenState, 'client' | 'file' | 'owner'>,
    type: DelegationKind,
    changeAtGrant: number,
  ) {
    this.number = number;
    this.client = open.client;
    this.file = open.file;
    this.ownerKey = open.owner.key;
    this.type = type;
    this.changeAtGrant = changeAtGrant;
  }

  get hash(): number {
    return this.number;
  }

  /** What may be done to the file under its stateid. */
  get access(): number {
    return this.type === DelegationType.WRITE ? ShareAccess.BOTH : ShareAccess.READ;
  }

  /** Calls `then` once it is returned, revoked, or gone with its client. */
  whenEnded(then: () => void): void {
    this.#ended.push(then);
  }

  /** For the table: it is out no longer. */
  end(): void {
    for (const then of this.#ended.splice(0)) then();
  }
}
