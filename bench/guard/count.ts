import fs from 'node:fs';
import type { Batch, Wire } from '../engine/wire.ts';
import { drive } from '../engine/world.ts';

/** What a request costs, counted: the same on every machine, however busy. */
export interface Counts {
  /** Bytes taken from the heap. */
  readonly heapBytes: number;
  /** Bytes of buffers taken from the system. */
  readonly bufferBytes: number;
  /** Writes to the socket and calls of node:fs for all requests that came in one read. */
  readonly callsPerBatch: number;
}

const WARM_BATCHES = 500;
const ROUNDS = 9;
const ROUND_BATCHES = 100;
const WATCHED = [
  'readSync',
  'writeSync',
  'openSync',
  'closeSync',
  'fstatSync',
  'statSync',
  'read',
  'write',
] as const;

let calls = 0;

/** From now on calls of node:fs are counted. */
export function watchFiles(): void {
  const watched: Record<string, unknown> = fs as unknown as Record<string, unknown>;
  for (const name of WATCHED) {
    const real = watched[name] as (...args: unknown[]) => unknown;
    watched[name] = (...args: unknown[]): unknown => {
      calls++;
      return real(...args);
    };
  }
}

function collect(): void {
  if (globalThis.gc === undefined) throw new Error('start Node with --expose-gc');
  globalThis.gc();
}

/**
 * The least of several rounds, each begun with an empty nursery that holds more than the round takes: what else allocates, as the compiler does
 * when it gets to a function late, only adds.
 */
export async function count(wire: Wire, batch: Batch): Promise<Counts> {
  await drive(wire, batch, WARM_BATCHES);
  let heapBytes = Number.POSITIVE_INFINITY;
  let bufferBytes = Number.POSITIVE_INFINITY;
  let perBatch = Number.POSITIVE_INFINITY;
  const requests = ROUND_BATCHES * batch.size;
  for (let round = 0; round < ROUNDS; round++) {
    collect();
    const before = process.memoryUsage();
    const callsBefore = calls + wire.writes;
    await drive(wire, batch, ROUND_BATCHES);
    const after = process.memoryUsage();
    heapBytes = Math.min(heapBytes, (after.heapUsed - before.heapUsed) / requests);
    bufferBytes = Math.min(bufferBytes, Math.max(0, after.arrayBuffers - before.arrayBuffers) / requests);
    perBatch = Math.min(perBatch, (calls + wire.writes - callsBefore) / ROUND_BATCHES);
  }
  return {
    heapBytes: Math.round(heapBytes),
    bufferBytes: Math.round(bufferBytes),
    callsPerBatch: Math.round(perBatch * 100) / 100,
  };
}
