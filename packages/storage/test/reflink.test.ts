import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cleanUpAfterEach, scratch } from './support.ts';

cleanUpAfterEach();

const WORKER = new URL('./reflink-worker.ts', import.meta.url).pathname;
const TIMEOUT_MS = 120_000;
const MIB = 1024 * 1024;
/** What names, notes and journals of the file system itself take meanwhile, at the most. */
const NOTES = 4 * MIB;

/** File systems that share storage, and how one is made in a file. */
const KINDS: readonly (readonly [name: string, make: string])[] = [
  ['xfs', 'mkfs.xfs -q -m reflink=1'],
  ['btrfs', 'mkfs.btrfs -q'],
];

/** Runs a command with such a file system, made in memory, at `at`: in a namespace of its own, with which it goes. */
function within(make: string, at: string, ...command: readonly string[]) {
  const script = `set -e
    mount -t tmpfs -o size=400m none "$0"
    truncate -s 320m "$0/image"
    ${make} "$0/image" >/dev/null
    mkdir "$0/fs"
    mount -o loop "$0/image" "$0/fs"
    exec "$@"`;
  return ['unshare', ['-m', 'sh', '-c', script, at, ...command]] as const;
}

function canMount(make: string): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  if (spawnSync('filefrag', ['-V']).error !== undefined) return false;
  return spawnSync(...within(make, '/mnt', 'true')).status === 0;
}

// For root, where the kernel and the tools are there: elsewhere nobody shares storage.
describe.each(KINDS.filter(([, make]) => canMount(make)))('storage that is shared, on %s', (_, make) => {
  test('by CLONE and backups, to the letter of RFC 7862 §15.13', { timeout: TIMEOUT_MS }, async () => {
    const folder = join(await scratch(), 'disk');
    mkdirSync(folder);
    const output = execFileSync(...within(make, folder, process.execPath, WORKER, join(folder, 'fs')), {
      timeout: TIMEOUT_MS,
    });
    const found = JSON.parse(output.toString()) as Record<string, { readonly grown: number }>;
    expect(found).toEqual({
      whole: { grown: expect.any(Number), same: true, shared: true },
      copy: { grown: expect.any(Number), same: true },
      apart: { source: true, target: 1 },
      within: true,
      unstable: true,
      end: { size: 10_000, same: true },
      middle: { size: 20_000, same: true },
      less: true,
      short: { size: 200, same: true },
      hole: true,
      refusals: ['EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL'],
      untouched: true,
      block: 4096,
      counted: 0,
      backup: { grown: expect.any(Number), damaged: 0 },
      damage: [],
    });
    expect(found['whole']?.grown).toBeLessThan(NOTES);
    expect(found['backup']?.grown).toBeLessThan(NOTES);
    expect(found['copy']?.grown).toBeGreaterThan(NOTES);
  });
});
