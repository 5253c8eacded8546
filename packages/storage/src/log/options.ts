import type { Stop } from '../faults/stop.ts';
import type { Journal } from '../journal/journal.ts';
import type { Key } from '../metadata/store.ts';
import type { Reserve } from './room.ts';

/** What a change survives before it is acknowledged: a loss of power, or the end of the process only. */
export type Durability = 'power' | 'crash';

export interface CommitLogOptions {
  /** Milliseconds that an effect nobody waits for may stay uncommitted. */
  readonly lazyCommitMs: number;
  /** Changes in one batch, beyond which it is committed though nobody waits. */
  readonly batchChanges: number;
  /** Bytes of large values in one batch, beyond which it is, too. */
  readonly batchBytes?: number;
  /** Milliseconds that a batch may be held. */
  readonly holdLimitMs?: number;
  /** True for keys that `scan` must find. */
  readonly scanned: (key: Key) => boolean;
  /** Told when a commit has failed, or the journal of grade `crash`: nothing is committed until `start`. */
  readonly onStop?: (stop: Stop) => void;
  /** Told the reason when the disk has no room, undefined when it has again. */
  readonly onRoom?: (reason: string | undefined) => void;
  /** What is set aside for a full disk. */
  readonly reserve?: Reserve;
  /** Milliseconds between two tries to write to a full disk. */
  readonly retryMs?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Without it nothing outlives the process but what was committed. */
  readonly journal?: Journal;
  /** `crash` needs a journal. */
  readonly durability?: Durability;
  /** Number of the first batch: more than that of any before. */
  readonly firstBatch?: number;
}
