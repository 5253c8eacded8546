import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const SOURCE = join(import.meta.dirname, 'recorder.c');

/** Why there is no recorder. */
export class NoRecorder extends Error {}

/** Compiles the recorder into `folder`; yields what LD_PRELOAD takes. Throws {@link NoRecorder}. */
export function buildRecorder(folder: string): string {
  const target = join(folder, 'recorder.so');
  const args = ['-shared', '-fPIC', '-O1', '-o', target, SOURCE, '-ldl', '-lpthread'];
  const { error, status, stderr } = spawnSync('cc', args, { encoding: 'utf8' });
  if (error !== undefined) throw new NoRecorder(`a C compiler is needed (cc: ${error.message})`);
  if (status !== 0) throw new NoRecorder(`cc ended with status ${status}:\n${stderr}`);
  return target;
}

export interface RecorderOptions {
  readonly library: string;
  /** The folder that is watched, and the file that the notes are added to. */
  readonly root: string;
  readonly log: string;
  readonly bootIdFile: string;
  /** Kills the process after this many notes. */
  readonly after?: number;
  readonly syncMicroseconds?: number;
}

/** What the watched process has in its environment. */
export function recorderEnvironment(options: RecorderOptions): Record<string, string> {
  const { library, root, log, bootIdFile, after, syncMicroseconds } = options;
  return {
    LD_PRELOAD: library,
    CRASH_ROOT: root,
    CRASH_LOG: log,
    CRASH_BOOT_ID: bootIdFile,
    ...(after !== undefined && { CRASH_AFTER: String(after) }),
    ...(syncMicroseconds !== undefined && { CRASH_SYNC_US: String(syncMicroseconds) }),
  };
}
