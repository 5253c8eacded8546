/** `npm run test:kernel`: a real Linux kernel mounts a server and works on it. See README.md beside this, or --help. */
import type { ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import type { Plan } from './inside.ts';
import { type Options, parseOptions } from './options.ts';
import { NAMESPACES, startInner, statusOf } from './rig/inner.ts';
import { findKernel } from './rig/kernel.ts';
import { installPackages } from './rig/packages.ts';
import { must, Refusal, run } from './rig/process.ts';
import { relay } from './rig/relay.ts';

const NODE_NEEDED = 24;
const LACKING = 3;
const WRONG_OPTIONS = 2;
const CHECK_LIMIT_MS = 10_000;
const SETUP_LIMIT_MS = 600_000;
const TUN = '/dev/net/tun';

const say = (line: string): void => console.log(`test:kernel: ${line}`);

/** Root has namespaces for the asking, others by way of a user namespace. */
const userNamespace = (): string[] => (getuid?.() === 0 ? [] : ['--user', '--map-root-user']);

/** Refuses with what is missing where a guest cannot be given a network here. */
async function checkMachine(): Promise<void> {
  if (process.platform !== 'linux') throw new Refusal(`needs Linux, not ${process.platform}`);
  const tried = await run('unshare', [...NAMESPACES, ...userNamespace(), 'true'], {
    timeoutMs: CHECK_LIMIT_MS,
  });
  if (tried.code !== 0) {
    const why = tried.stderr.trim();
    throw new Refusal(
      `needs root, or user namespaces that anybody may make, for a network of its own: ${why}`,
    );
  }
  try {
    accessSync(TUN, constants.R_OK | constants.W_OK);
  } catch {
    throw new Refusal(
      `needs to read and write ${TUN} for the guest's network: run it as root, or chmod 666 ${TUN}`,
    );
  }
}

/** Starts the inner half. It dies with this process, and everything in its namespaces with it. */
function startInside(plan: Plan): ChildProcess {
  const child = startInner(join(import.meta.dirname, 'inside.ts'), plan, userNamespace());
  child.on('message', (_message, handle) => {
    const { server } = plan.options;
    if (handle instanceof Server && server !== undefined) relay(handle, server.address);
  });
  return child;
}

async function inNamespaces(options: Options): Promise<number> {
  await installPackages(options.capture, say);
  await checkMachine();
  const kernel = await findKernel(options.kernel, say);
  const root = join(import.meta.dirname, '../..');
  // What bin/dfs would install on its first start it could not, in a network that leads nowhere.
  if (options.server === undefined) await must(join(root, 'bin/setup'), [], { timeoutMs: SETUP_LIMIT_MS });
  const runDir = mkdtempSync(join(tmpdir(), 'dfs-kernel-test-'));
  const child = startInside({ options, kernel, root, runDir });
  try {
    return await statusOf(child);
  } finally {
    if (options.keep) say(`kept ${runDir}`);
    else rmSync(runDir, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  if (Number(process.versions.node.split('.')[0]) < NODE_NEEDED) {
    throw new Refusal(
      `needs Node ${NODE_NEEDED}, and this is ${process.version}: npm run test:kernel finds it`,
    );
  }
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
  return inNamespaces(options);
}

try {
  process.exit(await main()); // the relay would keep it alive
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  say(error.message);
  process.exit(LACKING);
}
