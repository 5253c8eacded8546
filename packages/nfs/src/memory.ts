const KIB = 1024;
/** Room for what surrounds a payload of a power of two: RPC and COMPOUND headers, other results. */
const SLACK = 4 * KIB;
const SMALLEST = 64 * KIB;
const LARGEST = 1024 * KIB;
/** Bytes that wait for their next use, of all sizes together. */
const MAX_IDLE_BYTES = 64 * LARGEST;

const idle = new Map<number, Buffer[]>();
let idleBytes = 0;

for (let size = SMALLEST; size <= LARGEST; size *= 2) idle.set(size + SLACK, []);

function classOf(size: number): number {
  let fits = SMALLEST;
  while (fits + SLACK < size) fits *= 2;
  return fits + SLACK;
}

/**
 * Memory for `size` bytes or more, its contents whatever they are. Large pieces are kept for the next one who needs such: fresh ones cost a page
 * fault for every 4 KiB, and collections of garbage.
 */
export function takeMemory(size: number): Buffer {
  if (size > LARGEST + SLACK) return Buffer.allocUnsafeSlow(size);
  if (size < SMALLEST / 2) return Buffer.allocUnsafeSlow(size);
  const rounded = classOf(size);
  const found = idle.get(rounded)?.pop();
  if (found === undefined) return Buffer.allocUnsafeSlow(rounded);
  idleBytes -= rounded;
  return found;
}

/** Gives back what {@link takeMemory} gave. Nobody may hold a part of it any more; what is never given back is left to the collector. */
export function returnMemory(buffer: Buffer): void {
  const size = buffer.length;
  const kept = idle.get(size);
  if (kept === undefined || buffer.buffer.byteLength !== size || idleBytes + size > MAX_IDLE_BYTES) return;
  kept.push(buffer);
  idleBytes += size;
}
