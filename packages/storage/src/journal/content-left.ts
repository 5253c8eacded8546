import type { Key } from '../metadata/store.ts';
import type { ContentPlace, FrameVisitor } from './frame.ts';

interface Piece {
  readonly order: number;
  readonly offset: number;
  readonly data: Buffer;
}

/** What still counts of one file's pieces. */
export interface FileLeft {
  readonly share: number;
  readonly ino: number;
  /** In the order in which they were written. Parts of the journal's file. */
  readonly pieces: readonly Piece[];
  /** They count though the host has kept what was written: it was not to be believed. */
  readonly isDoubted: boolean;
}

/** Content that a journal keeps, as it is read. */
export class ContentLeft {
  readonly #files = new Map<string, { readonly share: number; readonly ino: number; pieces: Piece[] }>();
  /** By share: pieces up to that order are doubted. */
  readonly #doubts = new Map<number, number>();

  add({ share, ino, order }: ContentPlace, offset: number, data: Buffer): void {
    const key = `${share}/${ino}`;
    const file = this.#files.get(key) ?? { share, ino, pieces: [] };
    file.pieces.push({ order, offset, data });
    this.#files.set(key, file);
  }

  safe({ share, ino, order }: ContentPlace): void {
    const file = this.#files.get(`${share}/${ino}`);
    if (file !== undefined) file.pieces = file.pieces.filter((piece) => piece.order > order);
  }

  doubt({ share, order }: ContentPlace): void {
    this.#doubts.set(share, order);
  }

  *files(): Generator<FileLeft> {
    for (const { share, ino, pieces } of this.#files.values()) {
      if (pieces.length === 0) continue;
      const doubted = this.#doubts.get(share) ?? 0;
      yield { share, ino, pieces, isDoubted: pieces.some((piece) => piece.order <= doubted) };
    }
  }
}

/** Takes content, and nothing else. */
export class ContentReader implements FrameVisitor {
  readonly left = new ContentLeft();

  frame(_flags: number, _batch: number, _number: number): void {}

  change(_key: Key, _value: Buffer | undefined): void {}

  unit(_order: number): void {}

  record(_key: string, _value: Buffer | undefined): void {}

  content(place: ContentPlace, offset: number, data: Buffer): void {
    this.left.add(place, offset, data);
  }

  contentSafe(place: ContentPlace): void {
    this.left.safe(place);
  }

  contentDoubt(place: ContentPlace): void {
    this.left.doubt(place);
  }
}
