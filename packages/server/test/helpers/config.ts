import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Environment } from '@dfs/api/places';
import { afterAll } from 'vitest';
import type { ConfigFlags } from '../../src/config/flags.ts';
import { ConfigError } from '../../src/config/problems.ts';
import { type Config, resolveConfig } from '../../src/config/resolve.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder of its own, gone after the test file. */
export function scratchFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'dfs-test-'));
  folders.push(folder);
  return folder;
}

/** Resolves without looking at the machine's own configuration. */
export function resolve(flags: ConfigFlags, env: Environment = {}, workingDirectory = '/work-dir'): Config {
  return resolveConfig({ flags, env: { DFS_CONFIG: '', ...env }, workingDirectory });
}

/** Resolves a file of this content; messages call it "dfs.yaml". */
export function resolveFile(source: string, folder: string = scratchFolder()): Config {
  writeFileSync(path.join(folder, 'dfs.yaml'), source);
  return resolve({ config: 'dfs.yaml' }, {}, folder);
}

export function problemsOf(work: () => unknown): ConfigError['problems'] {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('nothing was refused');
}
