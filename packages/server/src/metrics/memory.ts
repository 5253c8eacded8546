import { readFileSync } from 'node:fs';
import { type Sample, samples } from './samples.ts';

const KIB = 1024;
const STATUS = '/proc/self/status';

/** What the memory of this process is, in bytes. What only Linux tells is left out elsewhere. */
export function memorySamples(): Sample[] {
  const { heapUsed, heapTotal, external } = process.memoryUsage();
  return samples('kind', { heap: heapUsed, heap_reserved: heapTotal, buffers: external, ...resident() });
}

/** What is the process' own, and what it has mapped of files: that can be had again from the disk, and goes when others need the memory. */
function resident(): Record<string, number> {
  let status: string;
  try {
    status = readFileSync(STATUS, 'utf8');
  } catch {
    return {};
  }
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * KIB;
  return { own: bytes('RssAnon'), mapped: bytes('RssFile') + bytes('RssShmem') };
}
