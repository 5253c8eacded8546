import { FsError } from '@dfs/nfs';
import { refusalOf, type Stop } from '../faults/stop.ts';
import type { Room } from './room.ts';

/** What a log answers at this moment, kept apart from what it does. */
export class Standing {
  readonly #room: Room;
  /** Why nothing is committed. */
  stop: Stop | undefined;
  /** It is being started again: the store cannot be read for a moment. */
  isStarting = false;

  constructor(room: Room) {
    this.#room = room;
  }

  /** What is in memory may be shown. EIO, EAGAIN. */
  check(): void {
    if (this.stop !== undefined) this.#refuse(this.stop, false);
  }

  /** The store can be read. EAGAIN. */
  checkReadable(): void {
    if (this.isStarting) throw new FsError('EAGAIN', 'starting');
  }

  /** It may be changed. EIO, EROFS, EAGAIN; ENOSPC unless the change `frees` room. */
  checkChange(frees: boolean): void {
    if (this.stop !== undefined) this.#refuse(this.stop, true);
    if (this.#room.isFull && !frees) throw new FsError('ENOSPC', 'no room for records');
  }

  #refuse(stop: Stop, changes: boolean): void {
    if (this.isStarting) throw new FsError('EAGAIN', 'starting');
    if (changes || stop.code !== 'EROFS') throw refusalOf(stop);
  }
}
