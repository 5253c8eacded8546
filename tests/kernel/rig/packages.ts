import { existsSync } from 'node:fs';
import { getuid } from 'node:process';
import { Refusal, run, sleep, which } from './process.ts';

/**
 * A program (or, with a slash, a file) that the suite uses, on the host or through the host's root in the guest, and
 * the Debian package that has it.
 */
type Need = { readonly program: string; readonly package: string };

const needs: readonly Need[] = [
  { program: 'unshare', package: 'util-linux' },
  { program: 'setpriv', package: 'util-linux' },
  { program: 'ip', package: 'iproute2' },
  { program: 'dpkg-deb', package: 'dpkg' },
  { program: 'modprobe', package: 'kmod' },
  { program: 'mount.nfs', package: 'nfs-common' },
  { program: 'python3', package: 'python3' },
  { program: 'git', package: 'git' },
  { program: 'gcc', package: 'gcc' },
  { program: '/usr/include/stdio.h', package: 'libc6-dev' },
  { program: 'make', package: 'make' },
  { program: 'tar', package: 'tar' },
];
const captureNeeds: readonly Need[] = [
  { program: 'dumpcap', package: 'wireshark-common' },
  { program: 'tshark', package: 'tshark' },
];

const INSTALL_LIMIT_MS = 600_000;
const ATTEMPTS = 3;
const PAUSE_MS = 10_000;

/** Debian packages whose programs are not there. */
function missing(capture: boolean): string[] {
  const wanted = capture ? [...needs, ...captureNeeds] : needs;
  const there = ({ program }: Need): boolean =>
    program.includes('/') ? existsSync(program) : which(program) !== undefined;
  return [...new Set(wanted.filter((need) => !there(need)).map((need) => need.package))];
}

/** Sees to it that every program the suite runs is there, with apt where it may; a Refusal says what is missing. */
export async function installPackages(capture: boolean, say: (line: string) => void): Promise<void> {
  let absent = missing(capture);
  if (absent.length === 0) return;
  const advice = `apt-get install --no-install-recommends ${absent.join(' ')}`;
  if (which('apt-get') === undefined)
    throw new Refusal(`needs these programs' packages: ${absent.join(' ')}`);
  if (getuid?.() !== 0) throw new Refusal(`needs packages that only root can install: sudo ${advice}`);
  say(`installing ${absent.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { timeoutMs: INSTALL_LIMIT_MS, env };
  const lock = ['-o', 'DPkg::Lock::Timeout=300'];
  // More than one try: another apt on the machine may sweep the archives away under this one.
  for (let attempt = 1; ; attempt++) {
    await run('apt-get', [...lock, '-qq', 'update'], options);
    const install = ['-qq', '-y', 'install', '--no-install-recommends', ...absent];
    const done = await run('apt-get', [...lock, ...install], options);
    absent = missing(capture);
    if (absent.length === 0) return;
    if (attempt === ATTEMPTS) {
      throw new Refusal(
        `could not install ${absent.join(' ')}: ${done.stderr.trim().split('\n').slice(-3).join('; ')}`,
      );
    }
    await sleep(PAUSE_MS);
  }
}

/** The version of the packages that the results depend on, for the report. */
export async function toolVersions(): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const name of ['nfs-common', 'git', 'tshark']) {
    const shown = await run('dpkg-query', ['-W', name], { timeoutMs: 10_000 });
    if (shown.code === 0) versions[name] = shown.stdout.trim().split('\t').at(-1) ?? '';
  }
  return versions;
}
