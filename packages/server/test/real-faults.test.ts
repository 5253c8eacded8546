import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { ApiClient } from '@dfs/api/client';
import { FileType, Stability } from '@dfs/nfs';
import { Files, NfsClient } from '@dfs/nfs/client';
import { openDataDirectory } from '@dfs/storage';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Child, type Ended, portOf } from './helpers/child.ts';
import { scratchFolder } from './helpers/config.ts';
import { until } from './helpers/running.ts';

/** A daemon of its own, whose calls of the C library fail as a file says: see faults.c. Without a C compiler nothing of this is tested. */
const SOURCE = path.resolve(import.meta.dirname, '../../storage/test/faults/faults.c');
const compiler = ['cc', 'gcc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0);
const canInject = process.platform === 'linux' && compiler !== undefined;
const MAIN = path.resolve(import.meta.dirname, '../src/main.ts');
const TIMEOUT_MS = 120_000;

let library = '';
beforeAll(() => {
  if (!canInject) return;
  library = path.join(scratchFolder(), 'faults.so');
  execFileSync(compiler as string, ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl']);
});

const clients = new Set<NfsClient>();
afterEach(async () => {
  for (const client of clients) await client.close();
  clients.clear();
});

type Call = 'read' | 'write' | 'sync' | 'change' | 'map';
type Errno = 'EIO' | 'ENOSPC' | 'EROFS';

interface World {
  readonly child: Child;
  readonly api: ApiClient;
  readonly folder: string;
  readonly data: string;
  readonly a: Files;
  readonly b: Files;
  fail(part: string, errno: Errno, ...calls: readonly Call[]): void;
  heal(): void;
}

async function mount(port: number, share: string): Promise<Files> {
  const session = await NfsClient.start({ host: '127.0.0.1', port });
  clients.add(session.client);
  return Files.mount(session, share);
}

async function start(
  data: string,
  rules: string,
  durability: string,
  env: Record<string, string>,
): Promise<Child> {
  const args = ['--data', data, '--share', '/a,squash=none', '--share', '/b,squash=none'];
  const all = ['start', '--listen', '127.0.0.1:0', '--durability', durability, ...args];
  return new Child(all, { DFS_FAULTS: rules, ...env }, [process.execPath, MAIN]);
}

async function world(durability = 'power', folder = scratchFolder()): Promise<World> {
  const [data, rules] = [path.join(folder, 'data'), path.join(folder, 'rules')];
  const child = await start(data, rules, durability, { LD_PRELOAD: library });
  const ready = await child.ready();
  const [socketPath = ''] = ready['api'] as string[];
  const port = portOf(ready);
  return {
    child,
    api: new ApiClient({ socketPath }),
    folder,
    data,
    a: await mount(port, '/a'),
    b: await mount(port, '/b'),
    fail: (part, errno, ...calls) => {
      writeFileSync(rules, calls.map((call) => `${call} ${constants.errno[errno]} ${part}\n`).join(''));
    },
    heal: () => writeFileSync(rules, ''),
  };
}

async function status(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'NFS4_OK',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
}

async function states(api: ApiClient): Promise<Record<string, string>> {
  return Object.fromEntries((await api.shares()).shares.map(({ path: at, state }) => [at, state]));
}

/** Stops the server and has its data verified. */
async function sound({ child, data }: World): Promise<void> {
  expect((await child.stop()).code).toBe(0);
  const check: Ended = await new Child(['check', '--data', data]).ended;
  expect([check.code, check.stderr], check.stdout).toEqual([0, '']);
}

describe.runIf(canInject)('a server whose disk fails (C library)', { timeout: TIMEOUT_MS }, () => {
  it('under the content of a share: fsync', async () => {
    const here = await world();
    const { a, b, api } = here;
    const file = await a.open('f', { access: 3, create: 'unchecked' });
    const { verifier } = await file.write(0, 'kept?', Stability.UNSTABLE);
    here.fail('/content/1/', 'EIO', 'sync');
    expect(await status(file.commit())).toBe('NFS4ERR_IO');
    expect(await status(file.read(0, 5))).toBe('NFS4ERR_IO');
    await b.writeFile('f', 'theirs');
    expect(await states(api)).toEqual({ '/a': 'stopped', '/b': 'serving' });
    await expect(api.startShare(1)).rejects.toMatchObject({ problem: { status: 409 } });
    here.heal();
    await api.startShare(1);
    expect((await file.commit()).equals(verifier)).toBe(false);
    await file.write(0, 'again', Stability.FILE_SYNC);
    expect((await file.read(0, 5)).data.toString()).toBe('again');
    await file.close();
    await sound(here);
  });

  it('under content: write and read, full and read-only', async () => {
    const here = await world();
    const { a, api } = here;
    const file = await a.open('f', { access: 3, create: 'unchecked' });
    await file.write(0, 'old', Stability.FILE_SYNC);
    for (const [errno, expected] of [
      ['ENOSPC', 'NFS4ERR_NOSPC'],
      ['EROFS', 'NFS4ERR_ROFS'],
    ] as const) {
      here.fail('/content/1/', errno, 'write');
      expect(await status(file.write(0, 'new'))).toBe(expected);
      expect((await file.read(0, 3)).data.toString()).toBe('old');
    }
    here.fail('/content/1/', 'EIO', 'read');
    expect(await status(file.read(0, 3))).toBe('NFS4ERR_IO');
    expect(await states(api)).toEqual({ '/a': 'serving', '/b': 'serving' });
    here.heal();
    expect((await file.read(0, 3)).data.toString()).toBe('old');
    here.fail('/content/1/', 'EIO', 'write');
    expect(await status(file.write(0, 'new'))).toBe('NFS4ERR_IO');
    expect(await states(api)).toEqual({ '/a': 'stopped', '/b': 'serving' });
    here.heal();
    await api.startShare(1);
    await file.write(0, 'new', Stability.FILE_SYNC);
    await file.close();
  });

  it.each<[Call, Errno, string]>([
    ['write', 'EIO', 'NFS4ERR_IO'],
    ['sync', 'EIO', 'NFS4ERR_IO'],
    ['write', 'EROFS', 'NFS4ERR_ROFS'],
  ])('under its records: %s, %s', async (call, errno, expected) => {
    const here = await world();
    const { a, b, api } = here;
    await a.mkdir('before');
    here.fail('/meta/', errno, call);
    // It is in the journal.
    await a.mkdir('during');
    await until(async () => ((await states(api))['/b'] === 'stopped' ? true : undefined));
    expect(await states(api)).toEqual({ '/a': 'stopped', '/b': 'stopped' });
    expect(await status(a.mkdir('refused'))).toBe(expected);
    expect(await status(b.mkdir('refused'))).toBe(expected);
    await expect(api.startShare(1)).rejects.toMatchObject({ problem: { status: 409 } });
    here.heal();
    await api.startShare(1);
    expect(await states(api)).toEqual({ '/a': 'serving', '/b': 'serving' });
    await a.mkdir('after');
    expect((await a.names('')).sort()).toEqual(['after', 'before', 'during']);
    await sound(here);
  });

  it.each<Call>(['write', 'sync'])(
    'under its records, full (%s): nothing is lost, and it goes on by itself',
    async (call) => {
      const here = await world();
      const { a, api } = here;
      await a.mkdir('before');
      here.fail('/meta/', 'ENOSPC', call);
      await a.mkdir('during');
      await until(async () => ((await api.health()).disk_full === true ? true : undefined));
      expect(await status(a.mkdir('refused'))).toBe('NFS4ERR_NOSPC');
      here.heal();
      await until(async () => ((await api.health()).disk_full === true ? undefined : true));
      expect(await states(api)).toEqual({ '/a': 'serving', '/b': 'serving' });
      expect((await a.names('')).sort()).toEqual(['before', 'during']);
    },
  );

  it.each(['power', 'crash'])(
    'under the pages of its records (SIGBUS): it ends, and has lost nothing (%s)',
    async (grade) => {
      const here = await world(grade);
      const { a, b, child } = here;
      const told: string[] = [];
      let isOn = true;
      // Answered one after the other, until nothing answers any more.
      const maker = async (files: Files, name: string) => {
        for (let n = 0; isOn; n++) {
          const at = `${name}-${n}`;
          const file = await files.open(at, { access: 3, create: 'unchecked' });
          await file.write(0, at, Stability.FILE_SYNC);
          await file.close();
          told.push(at);
        }
      };
      const making = Promise.allSettled([maker(a, 'one'), maker(b, 'two'), maker(a, 'three')]);
      await until(() => (told.length > 30 ? true : undefined), TIMEOUT_MS);
      here.fail('/meta/data.mdb', 'EIO', 'map');
      const ended = await child.ended;
      expect([ended.code, ended.signal], ended.stderr).toEqual([null, 'SIGBUS']);
      isOn = false;
      for (const client of clients) await client.close();
      clients.clear();
      await making;
      here.heal();
      const again = await world(grade, here.folder);
      for (const at of told) {
        const files = at.startsWith('two') ? again.b : again.a;
        expect((await files.readFile(at)).toString()).toBe(at);
      }
      // Besides those there is one at the most that each was still waiting for.
      const found = [...(await again.a.names('')), ...(await again.b.names(''))];
      expect(found.length).toBeLessThanOrEqual(told.length + 3);
      await sound(again);
    },
  );

  it('under the journal of grade power: what was answered stays, and commits are waited for from then on', async () => {
    const here = await world();
    const { a, api } = here;
    await a.mkdir('before');
    here.fail('/data/journal', 'EIO', 'sync');
    await a.mkdir('during');
    await a.mkdir('after');
    expect(await states(api)).toEqual({ '/a': 'serving', '/b': 'serving' });
    here.fail('/meta/', 'EIO', 'sync');
    expect(await status(a.mkdir('refused'))).toBe('NFS4ERR_IO');
    here.heal();
    await api.startShare(1);
    expect((await a.names('')).sort()).toEqual(['after', 'before', 'during', 'refused']);
    await sound(here);
  });

  it('under the journal of grade crash: no client hears anything that could be lost', async () => {
    const here = await world('crash');
    const { a, api } = here;
    await a.mkdir('before');
    here.fail('/data/journal', 'EIO', 'write');
    let heard: unknown;
    const during = status(a.mkdir('during')).then((what) => {
      heard = what;
    });
    await until(async () => ((await states(api))['/a'] === 'stopped' ? true : undefined));
    expect(await states(api)).toEqual({ '/a': 'stopped', '/b': 'stopped' });
    expect((await api.shares()).shares[0]?.stopped?.cause).toBe('journal');
    await expect(api.startShare(1)).rejects.toMatchObject({ problem: { status: 409 } });
    // Its client has come back by another connection, or is about to, and is not answered.
    expect(heard).toBeUndefined();
    here.heal();
    await api.startShare(1);
    await during;
    const port = portOf(await here.child.ready());
    const again = await mount(port, '/a');
    expect(await again.names('')).toEqual(expect.arrayContaining(['before', 'during']));
    await again.mkdir('after');
  });
});

/** Root may give a process a small disk of its own. */
const canMount =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs -o size=1m none /mnt']).status === 0;
const DISK_MIB = 24;
const MIB = 1024 * 1024;
const AT_ONCE = 50;

describe.runIf(canMount)(
  'a server whose disk is full (a tmpfs of its own, for root)',
  { timeout: TIMEOUT_MS },
  () => {
    it('refuses what needs room, loses nothing, and takes more once some was freed', async () => {
      const folder = scratchFolder();
      const [disk, socketPath] = [path.join(folder, 'disk'), path.join(folder, 'api.sock')];
      mkdirSync(disk);
      const mounted = `mount -t tmpfs -o size=${DISK_MIB}m none "$0" && exec "$@"`;
      const args = ['start', '--listen', '127.0.0.1:0', '--api-socket', socketPath];
      const child = new Child([...args, '--data', path.join(disk, 'data'), '--share', '/a,squash=none'], {}, [
        'unshare',
        ...['-m', 'sh', '-c', mounted, disk, process.execPath, MAIN],
      ]);
      const a = await mount(portOf(await child.ready()), '/a');
      const api = new ApiClient({ socketPath });
      const big = await a.open('big', { access: 3, create: 'unchecked' });
      let kept = 0;
      let refused: unknown;
      for (; kept < DISK_MIB; kept++) {
        refused = await status(big.write(kept * MIB, Buffer.alloc(MIB, 1), Stability.FILE_SYNC));
        if (refused !== 'NFS4_OK') break;
      }
      expect(refused).toBe('NFS4ERR_NOSPC');
      const links: string[] = [];
      for (let round = 0; refused !== undefined && round < DISK_MIB; round++) {
        const names = Array.from({ length: AT_ONCE }, (_, i) => `l${round}-${i}`);
        const results = await Promise.all(names.map((name) => status(a.symlink('x'.repeat(4000), name))));
        links.push(...names.filter((_, i) => results[i] === 'NFS4_OK'));
        expect(['NFS4_OK', 'NFS4ERR_NOSPC']).toEqual(expect.arrayContaining([...new Set(results)]));
        if (results.includes('NFS4ERR_NOSPC')) refused = undefined;
      }
      expect(refused).toBeUndefined();
      expect((await api.health()).disk_full).toBe(true);
      expect(await states(api)).toEqual({ '/a': 'serving' });
      expect((await big.read(0, MIB)).data.equals(Buffer.alloc(MIB, 1))).toBe(true);
      await big.close();
      await a.remove('big');
      await until(async () => ((await api.health()).disk_full === undefined ? true : undefined));
      await a.mkdir('after');
      expect((await a.names('')).sort()).toEqual([...links, 'after'].sort());
      expect((await child.stop()).code).toBe(0);
    });

    it('does not take a restore, which says so', async () => {
      const folder = scratchFolder();
      const at = (name: string) => path.join(folder, name);
      const directory = await openDataDirectory(at('data'));
      const share = await directory.openShare(1, { uid: 0, gid: 0, mode: 0o755 });
      const cred = { uid: 0, gid: 0, groups: [] };
      // Records alone: more than there is room for.
      for (let i = 0; i < 300; i++) {
        const target = Buffer.alloc(4000, 'x');
        share.createObject(share.root(), cred, `l${i}`, { type: FileType.SYMLINK, target }, {});
      }
      await directory.backup(at('backup'), { maxPauseMs: TIMEOUT_MS });
      await directory.close();
      mkdirSync(at('disk'));
      const args = ['restore', at('backup'), '--data', at('disk/data')];
      const restoring = await new Child(args, {}, [
        'unshare',
        ...['-m', 'sh', '-c', 'mount -t tmpfs -o size=512k none "$0" && exec "$@"', at('disk')],
        process.execPath,
        MAIN,
      ]).ended;
      expect(restoring.stderr).toMatch(/^dfs: cannot restore: the restore failed: ENOSPC/m);
      expect(restoring.stderr).toContain(`make room for ${at('disk/data')}`);
      expect(restoring.code).toBe(5);
    });
  },
);
