import { salt } from './frame.ts';
import { encodeHeader, HEADER_BYTES, type JournalHeader } from './header.ts';
import type { JournalFile } from './place.ts';

/** A journal's file with its header, to which frames are added. */
export class FrameFile {
  readonly #file: JournalFile;
  readonly #salt: number;

  /** `number` tells it from all other files of the run. */
  constructor(file: JournalFile, header: JournalHeader, number: number) {
    this.#file = file;
    this.#salt = file.isUsed === true ? saltOf(header.run, number) : 0;
    try {
      file.append(encodeHeader({ ...header, salt: this.#salt }), HEADER_BYTES);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** As {@link JournalFile.append}. The frame is as it was when this returns or throws. */
  append(frame: Buffer, length: number): void {
    if (this.#salt === 0) {
      this.#file.append(frame, length);
      return;
    }
    salt(frame, this.#salt);
    try {
      this.#file.append(frame, length);
    } finally {
      salt(frame, this.#salt);
    }
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  close(): void {
    this.#file.close();
  }
}

const SALTS = 2 ** 32 - 1;

/** Not to be guessed by clients, whose content lies in the file, and not 0. */
function saltOf(run: Buffer, number: number): number {
  return 1 + ((run.readUInt32BE() + number) % SALTS);
}
