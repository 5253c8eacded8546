/** `npm run test:posix`: POSIX semantics on a share that a real Linux kernel mounts. See README.md beside this, or --help. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { startInner, statusOf } from '../kernel/rig/inner.ts';
import { findKernel } from '../kernel/rig/kernel.ts';
import { installPackages } from '../kernel/rig/packages.ts';
import { must, Refusal } from '../kernel/rig/process.ts';
import type { Plan } from './inside.ts';
import { type Options, parseOptions } from './options.ts';

const LACKING = 3;
const WRONG_OPTIONS = 2;
const SETUP_LIMIT_MS = 600_000;
const root = join(import.meta.dirname, '../..');
const say = (line: string): void => console.log(`test:posix: ${line}`);

/** In a mount namespace, so that what the suite mounts is gone with it. */
function runLocally(folder: string, only: string): Promise<number> {
  const suite = [join(import.meta.dirname, 'suite/main.py'), folder, '--only', only];
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  return statusOf(
    spawn('unshare', ['--mount', '--kill-child', 'python3', ...suite], { env, stdio: 'inherit' }),
  );
}

async function runInGuest(options: Options): Promise<number> {
  await installPackages(false, say);
  const kernel = await findKernel(undefined, say);
  await must(join(root, 'bin/setup'), [], { timeoutMs: SETUP_LIMIT_MS });
  const runDir = mkdtempSync(join(tmpdir(), 'dfs-posix-test-'));
  const plan: Plan = { options, kernel, root, runDir };
  const child = startInner(join(import.meta.dirname, 'inside.ts'), plan);
  try {
    return await statusOf(child);
  } finally {
    rmSync(runDir, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  let options: Options | string;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say(error.message);
    return WRONG_OPTIONS;
  }
  if (typeof options === 'string') {
    console.log(options);
    return 0;
  }
  if (getuid?.() !== 0) throw new Refusal('needs root: the suite works as several users');
  return options.local === undefined ? runInGuest(options) : runLocally(options.local, options.only);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  say(error.message);
  process.exitCode = LACKING;
}
