import { readdirSync, readFileSync } from 'node:fs';

const NS_PER_MS = 1e6;

/** Milliseconds of CPU that all threads of a process have had so far. Throws where the process is gone, or this kernel does not count. */
export function cpuMs(pid: number): number {
  let nanos = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0]);
    } catch {
      // It ended meanwhile.
    }
  }
  if (nanos === 0)
    throw new Error('this kernel does not say how much CPU a thread has had (CONFIG_SCHED_INFO)');
  return nanos / NS_PER_MS;
}
