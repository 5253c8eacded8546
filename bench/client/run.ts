/** `npm run bench:client`: what a real Linux client gets from dfs and from NFS-Ganesha. See `--help`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { startInner, statusOf } from '../../tests/kernel/rig/inner.ts';
import { findKernel } from '../../tests/kernel/rig/kernel.ts';
import { installPackages } from '../../tests/kernel/rig/packages.ts';
import { Refusal } from '../../tests/kernel/rig/process.ts';
import { UsageError } from '../../tests/support/command-line.ts';
import type { Plan } from './inside.ts';
import { HELP, type Options, readOptions } from './options.ts';

const say = (text: string): void => console.error(`bench: ${text}`);

async function bench(options: Options): Promise<number> {
  if (getuid?.() !== 0)
    throw new Refusal('needs root: it makes a network of its own, and so does NFS-Ganesha');
  await installPackages(false, say);
  const kernel = await findKernel(undefined, say);
  const runDir = mkdtempSync(join(tmpdir(), 'dfs-bench-client-'));
  const plan: Plan = { options, kernel, root: join(import.meta.dirname, '../..'), runDir };
  try {
    return await statusOf(startInner(join(import.meta.dirname, 'inside.ts'), plan));
  } finally {
    rmSync(runDir, { recursive: true, force: true });
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(HELP);
  else process.exitCode = await bench(options);
} catch (error) {
  if (error instanceof UsageError || error instanceof Refusal) {
    say(error instanceof UsageError ? `${error.message}\n\n${HELP}` : error.message);
    process.exitCode = 2;
  } else {
    console.error(error);
    process.exitCode = 1;
  }
}
