import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { ApiClient } from '@dfs/api/client';
import { Stability } from '@dfs/nfs';
import { Files, NfsClient } from '@dfs/nfs/client';
import { afterEach, describe, expect, it } from 'vitest';
import { Child, portOf } from './helpers/child.ts';
import { scratchFolder } from './helpers/config.ts';
import { until } from './helpers/running.ts';

const MAIN = path.resolve(import.meta.dirname, '../src/main.ts');
const TIMEOUT_MS = 120_000;
const WAIT_MS = 60_000;
const MIB = 1024 * 1024;
/** The memory that the device's blocks lie in, once they are written; it promises far more of them. */
const BACKING_MIB = 48;
const DEVICE_MIB = 128;
const HOLD_SEC = 300;

/**
 * A disk of its own: a file in memory as a block device, with ext4 on it. Once that memory is taken, the device refuses to write blocks that
 * it has not written before, and the kernel does with this what it does with a disk that fails: fsync says so, and once ext4 cannot write its
 * journal, it is read-only until it is checked and mounted anew. All of it lies in a namespace for
 * mounts that ends with the process that holds it, `$0` is where.
 */
const SETUP = `set -e
  mount -t tmpfs -o size=${BACKING_MIB}m none "$0"
  truncate -s ${DEVICE_MIB}m "$0/image"
  mkfs.ext4 -q -F -m 0 -J size=4 -E lazy_itable_init=1,nodiscard "$0/image"
  mkdir "$0/fs"
  mount -o loop,nodiscard "$0/image" "$0/fs"`;
const HOLD = `${SETUP}
  echo '{"msg":"ready"}'
  exec sleep ${HOLD_SEC}`;

const canMount =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['-m', 'sh', '-c', `${SETUP}; umount "$0/fs"`, '/mnt']).status === 0;

const clients = new Set<NfsClient>();
const servers = new Set<Child>();
const disks = new Set<Disk>();
afterEach(async () => {
  for (const client of clients) await client.close();
  clients.clear();
  for (const server of servers) await server.stop('SIGKILL');
  servers.clear();
  for (const disk of disks) await disk.close();
  disks.clear();
});

/** A disk, and the namespace in which it is mounted. */
class Disk {
  readonly folder = path.join(scratchFolder(), 'disk');
  readonly #holder: Child;

  constructor() {
    mkdirSync(this.folder);
    this.#holder = new Child([], {}, ['unshare', '-m', 'sh', '-c', HOLD, this.folder]);
  }

  async ready(): Promise<void> {
    await this.#holder.ready();
  }

  /** Without a mount left behind. */
  async close(): Promise<void> {
    spawnSync(this.within[0], [...this.within.slice(1), 'umount', path.join(this.folder, 'fs')]);
    await this.#holder.stop('SIGKILL');
  }

  get data(): string {
    return path.join(this.folder, 'fs', 'data');
  }

  /** How a command is run that sees it. */
  get within(): [string, ...string[]] {
    return ['nsenter', '-t', `${this.#holder.process.pid}`, '-m'];
  }

  run(script: string): void {
    const [program, ...args] = this.within;
    const { status, stderr } = spawnSync(program, [...args, 'sh', '-c', script, this.folder]);
    expect(status, stderr.toString()).toBe(0);
  }

  /** Some file's content begins so. */
  holds(text: string): boolean {
    const folder = `/proc/${this.#holder.process.pid}/root${this.data}/content`;
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .some((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'latin1').startsWith(text));
  }

  /** From now on it fails. */
  fail(): void {
    const file = openSync(this.#filler, 'w');
    try {
      for (const piece of [Buffer.alloc(MIB), Buffer.alloc(4096)]) fill(file, piece);
    } finally {
      closeSync(file);
    }
  }

  /** The cause is gone. */
  mend(): void {
    rmSync(this.#filler);
  }

  get #filler(): string {
    return `/proc/${this.#holder.process.pid}/root${this.folder}/filler`;
  }
}

function fill(file: number, piece: Buffer): void {
  for (;;) {
    try {
      writeSync(file, piece);
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
      return;
    }
  }
}

interface Server {
  readonly child: Child;
  readonly api: ApiClient;
  readonly a: Files;
  readonly b: Files;
}

async function serve(disk: Disk): Promise<Server> {
  const socketPath = path.join(scratchFolder(), 'api.sock');
  const args = ['start', '--listen', '127.0.0.1:0', '--api-socket', socketPath, '--data', disk.data];
  const child = new Child([...args, '--share', '/a,squash=none', '--share', '/b,squash=none'], {}, [
    ...disk.within,
    process.execPath,
    MAIN,
  ]);
  servers.add(child);
  const port = portOf(await child.ready());
  const mount = async (share: string) => {
    const session = await NfsClient.start({ host: '127.0.0.1', port });
    clients.add(session.client);
    return Files.mount(session, share);
  };
  return { child, api: new ApiClient({ socketPath }), a: await mount('/a'), b: await mount('/b') };
}

async function leave(): Promise<void> {
  for (const client of clients) await client.close();
  clients.clear();
}

const status = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'NFS4_OK',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );

async function stopped(api: ApiClient): Promise<readonly string[]> {
  return (await api.shares()).shares.filter(({ state }) => state === 'stopped').map(({ path: at }) => at);
}

/** Makes directories one after the other, until it is told to stop; `told` are those that were answered. */
function maker(files: Files, prefix: string) {
  const told: string[] = [];
  const refusals = new Set<unknown>();
  let isOn = true;
  const making = (async () => {
    for (let n = 0; isOn; n++) {
      const name = `${prefix}${n}`;
      const code = await status(files.mkdir(name));
      if (code === 'NFS4_OK') told.push(name);
      else refusals.add(code);
    }
  })();
  return {
    told,
    refusals,
    stop: () => {
      isOn = false;
      return making;
    },
  };
}

async function append(files: Files, at: number): Promise<void> {
  const file = await files.open('f', { access: 3, create: 'unchecked' });
  await file.write(at, Buffer.alloc(MIB, 1), Stability.FILE_SYNC);
  await file.close();
}

async function requireSound(disk: Disk): Promise<void> {
  const check = await new Child(['check', '--data', disk.data], {}, [...disk.within, process.execPath, MAIN])
    .ended;
  expect([check.code, check.stderr], check.stdout).toEqual([0, '']);
}

// Root may, where there are block devices in files and mkfs.ext4; elsewhere it is left out.
describe.runIf(canMount)('a server on a block device that fails', { timeout: TIMEOUT_MS }, () => {
  it('stops, tells of it, and has all that it answered once the file system is checked and mounted anew', async () => {
    const disk = new Disk();
    disks.add(disk);
    await disk.ready();
    const server = await serve(disk);
    const { child, api, a, b } = server;
    await a.writeFile('f', 'before');
    const makers = [maker(a, 'x'), maker(a, 'y'), maker(b, 'z')];
    await until(() => (makers.every(({ told }) => told.length > 10) ? true : undefined), WAIT_MS);
    disk.fail();
    // The more is written, the sooner the journal of the file system meets it.
    let isOn = true;
    const writing = (async () => {
      for (let at = MIB; isOn; at += MIB) await status(append(a, at));
    })();
    await until(async () => ((await stopped(api)).length === 2 ? true : undefined), WAIT_MS);
    isOn = false;
    expect(await api.health()).toMatchObject({ status: 'degraded', stopped_shares: 2 });
    const told = child.log.filter(({ msg }) => msg.startsWith('share stopped'));
    expect(new Set(told.map(({ share }) => share))).toEqual(new Set(['/a', '/b']));
    expect((await api.shares()).shares[0]?.stopped?.advice).toContain('dfsctl share start /a');
    disk.mend();
    // The file system stays read-only.
    await expect(api.startShare(1)).rejects.toMatchObject({ problem: { status: 409 } });
    expect(await stopped(api)).toContain('/a');
    const ending = child.stop('SIGKILL');
    await leave();
    await ending;
    for (const { stop: end } of makers) await end();
    await writing;
    disk.run(
      'umount "$0/fs" && { e2fsck -fy "$0/image" >&2 || [ $? -eq 1 ]; } && mount -o loop "$0/image" "$0/fs"',
    );
    await requireSound(disk);
    const again = await serve(disk);
    const names = [...(await again.a.names('')), ...(await again.b.names(''))];
    expect(names).toEqual(expect.arrayContaining(makers.flatMap(({ told }) => told)));
    // Whether there is a grace period now, in which nobody opens it, is not what this is about.
    expect(disk.holds('before')).toBe(true);
    await again.a.mkdir('after');
  });
});
