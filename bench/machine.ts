import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';

const PROBE_MS = 1000;
const PROBE_BYTES = 4096;
const GIB = 2 ** 30;

/** What the figures were taken on. */
export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly fileSystem: string;
  /** fdatasync calls a second, one after another, each behind a write of 4 KiB at the end of a file. */
  readonly syncsPerSecond: number;
  readonly node: string;
  /** Processes that wanted a CPU, on average in the minute before. */
  readonly loadAverage: number;
}

function fileSystemOf(folder: string): string {
  try {
    const lines = execFileSync('df', ['--output=fstype', folder], { encoding: 'utf8' });
    return lines.trim().split('\n').at(-1) ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

/** How fast the disk under `folder` answers that something is stable: so many bytes, a page at the least, at the end of a file. */
export function probeSyncs(folder: string, ms = PROBE_MS, bytes = PROBE_BYTES): number {
  const path = join(folder, 'sync-probe');
  const fd = fs.openSync(path, 'w');
  const data = Buffer.alloc(Math.max(PROBE_BYTES, Math.ceil(bytes)), 1);
  const start = performance.now();
  let count = 0;
  for (; performance.now() - start < ms; count++) {
    fs.writeSync(fd, data);
    fs.fdatasyncSync(fd);
  }
  const seconds = (performance.now() - start) / 1000;
  fs.closeSync(fd);
  fs.unlinkSync(path);
  return count / seconds;
}

export function describeMachine(folder: string): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: cpus().length,
    memoryGib: Math.round(totalmem() / GIB),
    kernel: release(),
    fileSystem: fileSystemOf(folder),
    syncsPerSecond: Math.round(probeSyncs(folder)),
    node: process.version,
    loadAverage: Math.round(loadavg()[0] ?? 0),
  };
}
