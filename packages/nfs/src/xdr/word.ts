const WORD = 4;

/**
 * The unsigned word at `at`, the highest byte first; it must lie within. For what is read with every request: Buffer's own method checks where it
 * reads as well, and is a call.
 */
export function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
}

/** Its words for who reads or writes many: the compiler takes each at once, and checks where it lies once, not for each of its bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The {@link viewOf view} of memory that is most often the same as the last time. */
export class LastView {
  #bytes: Uint8Array | undefined;
  #view = viewOf(new Uint8Array(0));

  of(bytes: Uint8Array): DataView {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = viewOf(bytes);
    }
    return this.#view;
  }
}

/** A copy of its whole words, for a reader to compare. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  const view = viewOf(bytes);
  const words = new Int32Array(bytes.length / WORD);
  for (let i = 0; i < words.length; i++) words[i] = view.getInt32(i * WORD);
  return words;
}
