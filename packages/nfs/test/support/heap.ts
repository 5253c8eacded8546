import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const GC_PAUSE_MS = 20;
const COLLECTIONS = 3;

let collect: (() => void) | undefined;

/** Bytes that this process holds after everything that could go has gone. */
export async function heldBytes(): Promise<number> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  // Buffers go one collection after what held them, and closing connections with the next turns of the event loop.
  for (let turn = 0; turn < COLLECTIONS; turn++) {
    await sleep(GC_PAUSE_MS);
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
