import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { must, Refusal, run } from './process.ts';

/** Debian's suites that have a user-mode-linux kernel, the newest first. */
export const suites = ['sid', 'trixie', 'bookworm'] as const;
export type Suite = (typeof suites)[number];

/** A kernel that is an ordinary program, with its modules; all of it in one folder of the cache. */
export type Kernel = { readonly suite: Suite; readonly version: string; readonly dir: string };

const FETCH_LIMIT_MS = 300_000;
const UNPACK_LIMIT_MS = 120_000;
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const INTERPRETER = '/lib64/ld-linux-x86-64.so.2\0';
/** Relative to the kernel's folder, where it is started, and no longer than the path it replaces. */
const OWN_INTERPRETER = 'lib/ld.so\0';
const BINARY = 'linux';

export const kernelBinary = (kernel: Kernel): string => join(kernel.dir, BINARY);

/** Where what was fetched, and what is kept of the last run, lies: never in the checkout. */
export function cacheDir(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'dfs-kernel-test');
}

/**
 * The newest kernel to be had, or the one of the suite asked for: from the cache, else fetched by apt from the mirror
 * that this machine's apt uses. A Refusal names why each suite was not to be had.
 */
export async function findKernel(wanted: Suite | undefined, say: (line: string) => void): Promise<Kernel> {
  if (process.arch !== 'x64')
    throw new Refusal(`user-mode Linux runs on x86-64 only, not on ${process.arch}`);
  const reasons: string[] = [];
  for (const suite of wanted === undefined ? suites : [wanted]) {
    const dir = join(cacheDir(), 'kernels', suite);
    const versionFile = join(dir, 'version');
    try {
      if (!existsSync(versionFile)) {
        say(`fetching the user-mode-linux kernel of Debian ${suite}`);
        await fetchKernel(suite, dir);
      }
      return { suite, version: readFileSync(versionFile, 'utf8').trim(), dir };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      say(`Debian ${suite}'s kernel is not to be had: ${reason}`);
      reasons.push(`${suite}: ${reason.split('\n')[0]}`);
    }
  }
  throw new Refusal(`no kernel to boot. ${reasons.join('; ')}`);
}

/** The mirror that this machine's apt takes Debian itself (not its security updates) from. */
async function aptMirror(): Promise<string> {
  const targets = ['indextargets', '--format', '$(ORIGIN) $(REPO_URI)', 'Created-By: Packages'];
  const listed = await must('apt-get', targets, { timeoutMs: FETCH_LIMIT_MS });
  const uris = new Set<string>();
  for (const line of listed.split('\n')) {
    const uri = line.split(' ').at(-1) ?? '';
    if (uri !== '' && !uri.includes('security') && (line.startsWith('Debian ') || line.startsWith(' ')))
      uris.add(uri);
  }
  const [first] = uris;
  if (first === undefined) throw new Error('apt knows no Debian mirror (apt-get update may help)');
  return first;
}

/** Runs an apt tool with a source list and a state of its own, so that the machine's stay as they are. */
async function suiteApt(
  suite: Suite,
  mirror: string,
  state: string,
  cwd: string,
  args: string[],
): Promise<void> {
  mkdirSync(join(state, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(state, 'cache', 'archives', 'partial'), { recursive: true });
  const list = join(state, 'sources.list');
  writeFileSync(list, `deb [signed-by=${KEYRING}] ${mirror} ${suite} main\n`);
  const settings = {
    'Dir::Etc::sourcelist': list,
    'Dir::Etc::sourceparts': '-',
    'Dir::State': state,
    'Dir::State::Lists': join(state, 'lists'),
    'Dir::Cache': join(state, 'cache'),
    'APT::Sandbox::User': '',
    'APT::Default-Release': '',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
  };
  const flags = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  await must('apt-get', ['-qq', ...flags, ...args], { timeoutMs: FETCH_LIMIT_MS, cwd });
}

async function fetchKernel(suite: Suite, dir: string): Promise<void> {
  if (!existsSync(KEYRING))
    throw new Error(`no ${KEYRING}: this is no Debian (package debian-archive-keyring)`);
  const mirror = await aptMirror();
  const fresh = `${dir}.new.${process.pid}`;
  const unpacked = join(fresh, 'unpacked');
  const state = join(fresh, 'apt');
  mkdirSync(unpacked, { recursive: true });
  try {
    await suiteApt(suite, mirror, state, fresh, ['update']);
    await suiteApt(suite, mirror, state, fresh, ['download', `user-mode-linux/${suite}`, `libc6/${suite}`]);
    for (const name of readdirSync(fresh).filter((file) => file.endsWith('.deb'))) {
      await must('dpkg-deb', ['-x', join(fresh, name), unpacked], { timeoutMs: UNPACK_LIMIT_MS });
      rmSync(join(fresh, name));
    }
    await arrange(unpacked, fresh);
    rmSync(state, { recursive: true });
    rmSync(unpacked, { recursive: true });
    rmSync(dir, { recursive: true, force: true });
    renameSync(fresh, dir);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Takes from the unpacked packages what a boot needs: the program, its modules, and a libc where ours is too old. */
async function arrange(unpacked: string, dir: string): Promise<void> {
  const modules = join(unpacked, 'usr/lib/uml/modules');
  const [version, ...others] = readdirSync(modules);
  if (version === undefined || others.length > 0)
    throw new Error("the package does not hold one kernel's modules");
  mkdirSync(join(dir, 'lib/modules'), { recursive: true });
  renameSync(join(modules, version), join(dir, 'lib/modules', version));
  const binary = join(dir, BINARY);
  copyFileSync(join(unpacked, 'usr/bin/linux.uml'), binary);
  if ((await run(binary, ['--version'], { timeoutMs: UNPACK_LIMIT_MS })).code !== 0) {
    const from = join(unpacked, 'usr/lib/x86_64-linux-gnu');
    copyFileSync(join(from, 'libc.so.6'), join(dir, 'lib/libc.so.6'));
    copyFileSync(join(from, 'ld-linux-x86-64.so.2'), join(dir, 'lib/ld.so'));
    useOwnInterpreter(binary);
  }
  const tried = await run(binary, ['--version'], { ...kernelEnvironment(dir), timeoutMs: UNPACK_LIMIT_MS });
  if (tried.code !== 0) throw new Error(`the kernel does not start here: ${tried.stderr.trim()}`);
  writeFileSync(join(dir, 'version'), `${version}\n`);
}

/**
 * A kernel linked to a newer glibc than the host's runs with its own. It executes itself again while it starts, so a
 * loader on the command line would be lost on the way: the path in the program's header is what has to change.
 */
function useOwnInterpreter(binary: string): void {
  const bytes = readFileSync(binary);
  const at = bytes.indexOf(INTERPRETER, 0, 'latin1');
  if (at === -1) throw new Error('the kernel names no loader');
  bytes.fill(0, at, at + INTERPRETER.length);
  bytes.write(OWN_INTERPRETER, at, 'latin1');
  writeFileSync(binary, bytes);
}

/** Folder and environment to start a kernel of this folder in; see `useOwnInterpreter`. */
export function kernelEnvironment(dir: string): { cwd: string; env: Record<string, string> } {
  const own = existsSync(join(dir, 'lib/libc.so.6')) ? { LD_LIBRARY_PATH: 'lib' } : {};
  return { cwd: dir, env: { PATH: process.env['PATH'] ?? '/usr/bin', ...own } };
}
