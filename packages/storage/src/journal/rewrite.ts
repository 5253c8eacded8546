import type { FrameWriter } from './frame.ts';
import type { FrameFile } from './frame-file.ts';

/** A file that is being written to take the place of the one in use. */
export interface Rewrite {
  readonly file: FrameFile;
  /** Gathers the next slice of records, which each of the steps adds to. */
  readonly writer: FrameWriter;
  readonly steps: Iterator<unknown>;
  bytes: number;
  /** Those of its records, which stay: changes are gone with the next rewrite. */
  kept: number;
  /** It has all of them. */
  isFull: boolean;
  /** Of content that the file in use has and this has not, and must not go without. */
  readonly contentBytes: number;
  /** There is no such content any more, once this was called. */
  forget: (() => void) | undefined;
}

/** It has all that the one in use has, and nothing is lost with that. */
export function isWhole(rewrite: Rewrite): boolean {
  return rewrite.isFull && rewrite.forget !== undefined;
}
