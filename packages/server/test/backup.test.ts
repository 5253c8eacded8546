import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Backup } from '@dfs/api';
import { ApiClient } from '@dfs/api/client';
import { Files, NfsClient } from '@dfs/nfs/client';
import { BackupError, checkDataDirectory, openMemoryDirectory } from '@dfs/storage';
import { describe, expect, it } from 'vitest';
import { Backups } from '../src/daemon/backups.ts';
import { Child, portOf, startServer } from './helpers/child.ts';
import { scratchFolder } from './helpers/config.ts';
import { type Running, run, until } from './helpers/running.ts';

const FILE_SYNC = 2;
/** Far more than it takes. */
const LONG = { timeout: 120_000 };
const PAUSE = { max_pause_seconds: 30 };
const WAIT_MS = 60_000;
const SHARE = ['/x,squash=none'];

async function ended(server: Running): Promise<Backup> {
  return await until(async () => {
    const backup = await server.api.backup();
    return backup.state === 'running' ? undefined : backup;
  }, WAIT_MS);
}

async function mounted(server: Running): Promise<Files> {
  return Files.mount(await server.mount(), '/x');
}

/** The first file with content in a backup. */
function someFile(backup: string): string {
  const found = readdirSync(path.join(backup, 'content'), { recursive: true, withFileTypes: true });
  const file = found.find((entry) => entry.isFile());
  if (file === undefined) throw new Error('no file in it');
  return path.join(file.parentPath, file.name);
}

async function metric(server: Running, series: string): Promise<number> {
  const { text } = await server.ask('GET', '/metrics');
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1));
}

describe('a backup of a server at work', () => {
  it('is one moment of what clients were told, and serves again with the same handles', LONG, async () => {
    const base = scratchFolder();
    const data = path.join(base, 'data');
    const server = await run({ data, share: SHARE });
    const f = await mounted(server);
    await f.writeFile('early', 'was there before');
    await f.mkdir('here');
    await f.mkdir('there');
    await f.writeFile('here/moved', 'one of them');
    const early = await f.lookup('early');
    let isOn = true;
    let told = 0;
    const writer = (async () => {
      const a = await f.open('a', { access: 2, create: 'unchecked' });
      const b = await f.open('b', { access: 2, create: 'unchecked' });
      for (let n = 1; isOn; n++) {
        const text = String(n).padStart(12, '0');
        await a.write(0, text, FILE_SYNC);
        await b.write(0, text, FILE_SYNC);
        told = n;
      }
    })();
    const mover = await mounted(server);
    const moves = (async () => {
      for (let n = 0; isOn; n++) {
        await mover.rename('here/moved', 'there/moved');
        await mover.writeFile(`new${n}`, `number ${n}`);
        await mover.rename('there/moved', 'here/moved');
        if (n > 0) await mover.remove(`new${n - 1}`);
      }
    })();
    await until(() => (told > 20 ? told : undefined), WAIT_MS);
    const before = told;
    await server.api.createBackup({ target: path.join(base, 'backup'), ...PAUSE });
    const done = await ended(server);
    expect(done).toMatchObject({ state: 'done', error: null, result: { shares: [1] } });
    isOn = false;
    await Promise.all([writer, moves]);
    const after = told;
    await server.stop();

    const restored = path.join(base, 'restored');
    const restoring = await new Child(['restore', path.join(base, 'backup'), '--data', restored]).ended;
    expect([restoring.code, restoring.stderr]).toEqual([0, '']);
    expect((await checkDataDirectory(restored)).findings.damage).toBe(0);
    const again = await run({ data: restored });
    // It begins with a grace period for those who were clients then, which ends when they are all back.
    const owners = [f, mover].map(({ session }) => session.client.ownerId);
    const [session] = await Promise.all(
      owners.map((ownerId) => NfsClient.start({ port: again.port, ownerId })),
    );
    const g = await Files.mount(session!, '/x');
    const [a, b] = [Number(await g.readFile('a')), Number(await g.readFile('b'))];
    expect([0, 1], `a ${a}, b ${b}`).toContain(a - b);
    expect(b).toBeGreaterThanOrEqual(before);
    expect(b).toBeLessThanOrEqual(after);
    expect((await g.openHandle(early)).handle).toEqual(early);
    expect((await g.readFile('early')).toString()).toBe('was there before');
    expect([...(await g.names('here')), ...(await g.names('there'))]).toEqual(['moved']);
    const fresh = (await g.names('')).filter((name) => name.startsWith('new'));
    expect(fresh.length).toBeLessThanOrEqual(2);
    // Who backs up the restored server finds all of that again.
    await again.api.createBackup({ target: path.join(base, 'second'), ...PAUSE });
    expect((await ended(again)).state).toBe('done');
    await again.stop();
  });

  it(
    'one at a time; it is cancelled, told of in events and metrics, and leaves the server as it was',
    LONG,
    async () => {
      const base = scratchFolder();
      const server = await run({ data: path.join(base, 'data'), share: SHARE });
      const f = await mounted(server);
      await f.writeFile('file', 'content');
      expect(await server.api.backup()).toMatchObject({ state: 'none', target: null, last_success: null });
      await expect(server.api.cancelBackup()).rejects.toMatchObject({ problem: { status: 404 } });
      const slow = path.join(base, 'slow');
      const begun = await server.api.createBackup({ target: slow, max_bytes_per_second: 1 });
      expect(begun).toMatchObject({
        state: 'running',
        target: slow,
        phase: expect.any(String),
        result: null,
      });
      await expect(server.api.createBackup({ target: path.join(base, 'other') })).rejects.toMatchObject({
        problem: { status: 409, code: 'backup_running', detail: expect.stringContaining(slow) },
      });
      expect(await metric(server, 'dfs_backup_running')).toBe(1);
      await server.api.cancelBackup();
      expect(await server.api.backup()).toMatchObject({
        state: 'cancelled',
        phase: null,
        error: { detail: 'cancelled' },
      });
      await f.writeFile('file', 'CONTENT');
      // What it has written is no backup, and will do for the next.
      await server.api.createBackup({ target: slow, ...PAUSE });
      expect(await ended(server)).toMatchObject({ state: 'done', result: { files: 1, bytes: 7 } });
      expect(await metric(server, 'dfs_backup_running')).toBe(0);
      expect(await metric(server, 'dfs_backup_runs_total{result="cancelled"}')).toBe(1);
      const success = await metric(server, 'dfs_backup_last_success_timestamp_seconds');
      expect(success).toBeGreaterThan(1e9);
      const actions: string[] = [];
      // All that is kept, after a word that there may have been others.
      const kept = { types: ['backup' as const], lastEventId: 'none-0' };
      for await (const event of server.api.events(kept)) {
        if (event.type === 'backup') actions.push(event.action);
        if (actions.includes('done')) break;
      }
      expect(actions).toEqual(['started', 'cancelled', 'started', 'done']);
      await server.stop();
      const later = await run({ data: path.join(base, 'data') });
      expect(await metric(later, 'dfs_backup_last_success_timestamp_seconds')).toBe(success);
      expect((await later.api.backup()).last_success).toBe(new Date(success * 1000).toISOString());
    },
  );

  it('is ended by the end of the server', LONG, async () => {
    const base = scratchFolder();
    const server = await run({ data: path.join(base, 'data'), share: SHARE });
    await (await mounted(server)).writeFile('file', 'content');
    await server.api.createBackup({ target: path.join(base, 'backup'), max_bytes_per_second: 1 });
    await server.stop();
    const restoring = await new Child(['restore', path.join(base, 'backup'), '--data', path.join(base, 'r')])
      .ended;
    expect(restoring.code).toBe(5);
    expect(restoring.stderr).toContain('interrupted');
  });

  it('is refused with what is wrong, and to those who may only read', LONG, async () => {
    const base = scratchFolder();
    const data = path.join(base, 'data');
    const server = await run({ data, api: '127.0.0.1:0' });
    const ask = (body: unknown, token?: string) =>
      server.ask('POST', '/api/v1/backup', { body, ...(token !== undefined && { token }) });
    writeFileSync(path.join(base, 'file'), '');
    for (const target of [
      '',
      'relative',
      base,
      data,
      path.join(data, 'in'),
      path.join(base, 'file'),
      path.join(base, 'no', 'way'),
    ]) {
      const { status, json } = await ask({ target });
      expect([target, status, json]).toEqual([
        target,
        422,
        expect.objectContaining({ errors: [expect.objectContaining({ field: 'target' })] }),
      ]);
    }
    const target = path.join(base, 'backup');
    for (const wrong of [
      {},
      { target, max_pause_seconds: 31 },
      { target, max_bytes_per_second: 0 },
      { target, more: 1 },
    ]) {
      expect([wrong, (await ask(wrong)).status]).toEqual([wrong, 422]);
    }
    expect(await server.api.backup()).toMatchObject({ state: 'none' });
    const reader = (await server.api.createToken({ name: 'reader', role: 'read' })).token;
    expect((await ask({ target }, reader)).status).toBe(403);
    expect(existsSync(target)).toBe(false);
    expect((await server.ask('GET', '/api/v1/backup', { token: reader })).status).toBe(200);
    const admin = (await server.api.createToken({ name: 'admin', role: 'admin' })).token;
    expect((await ask({ target, ...PAUSE }, admin)).status).toBe(202);
    expect((await ended(server)).state).toBe('done');
    const memory = await run();
    const nowhere = memory.api.createBackup({ target: path.join(base, 'memory') });
    await expect(nowhere).rejects.toMatchObject({ problem: { status: 409, code: 'nothing_kept' } });
  });
});

describe('dfs backup and dfs restore', () => {
  it('work with a server and without, and a restored directory is served', LONG, async () => {
    const base = scratchFolder();
    const at = (name: string) => path.join(base, name);
    const child = startServer(['--data', at('data'), '--share', '/x,squash=none']);
    const port = portOf(await child.ready());
    const session = await NfsClient.start({ port });
    const f = await Files.mount(session, '/x');
    await f.writeFile('file', 'content');
    const served = await new Child([
      'backup',
      '--data',
      at('data'),
      at('one'),
      '--max-pause',
      '30',
      '-o',
      'json',
    ]).ended;
    expect([served.code, served.stderr]).toEqual([0, '']);
    expect(JSON.parse(served.stdout)).toMatchObject({
      data: at('data'),
      target: at('one'),
      served: true,
      shares: [1],
      files: 1,
      bytes: 7,
    });
    const refused = await new Child(['backup', '--data', at('data'), at('one')]).ended;
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain('is not empty');
    const inside = await new Child(['backup', '--data', at('data'), path.join(at('data'), 'in')]).ended;
    expect([inside.code, inside.stdout]).toEqual([5, '']);
    await f.writeFile('file', 'later');
    await session.client.close();
    // Nothing was told to it that is not in its directory.
    await child.stop('SIGKILL');
    const alone = await new Child(['backup', '--data', at('data'), at('two'), '-o', 'json']).ended;
    expect([alone.code, alone.stderr]).toEqual([0, '']);
    expect(JSON.parse(alone.stdout)).toMatchObject({ served: false, files: 1, bytes: 5 });
    expect((await new Child(['check', '--data', at('two')]).ended).code).toBe(0);
    const restored = await new Child(['restore', at('two'), '--data', at('new'), '--new-identity']).ended;
    expect([restored.code, restored.stderr]).toEqual([0, '']);
    expect(restored.stdout).toContain('every file is as it was backed up');
    const again = startServer(['--data', at('new')]);
    const other = await NfsClient.start({ port: portOf(await again.ready()) });
    expect((await (await Files.mount(other, '/x')).readFile('file')).toString()).toBe('later');
    await other.client.close();
    await again.stop();
  });

  it('ends the backup that the server makes for it when it is ended itself', LONG, async () => {
    const base = scratchFolder();
    const data = path.join(base, 'data');
    const target = path.join(base, 'backup');
    const server = await run({ data, share: SHARE });
    await (await mounted(server)).writeFile('file', 'content');
    const child = new Child(['backup', '--data', data, target, '--max-rate', '1']);
    await until(async () => ((await server.api.backup()).state === 'running' ? true : undefined), WAIT_MS);
    const stopped = await child.stop('SIGINT');
    expect([stopped.code, stopped.stdout]).toEqual([5, '']);
    expect(stopped.stderr).toContain('cancelled');
    expect((await server.api.backup()).state).toBe('cancelled');
  });

  it('name what is damaged, and refuse what is no backup', LONG, async () => {
    const base = scratchFolder();
    const at = (name: string) => path.join(base, name);
    const server = await run({ data: at('data'), share: SHARE });
    await (await mounted(server)).writeFile('file', 'content');
    await new ApiClient({ socketPath: server.socketPath }).createBackup({ target: at('backup'), ...PAUSE });
    expect((await ended(server)).state).toBe('done');
    const file = someFile(at('backup'));
    writeFileSync(file, readFileSync(file, 'utf8').toUpperCase());
    const checked = await new Child(['check', '--data', at('backup'), '-o', 'json']).ended;
    expect(checked.code).toBe(6);
    const { damaged, damage } = JSON.parse(checked.stdout);
    expect(damaged).toBe(1);
    expect(path.join(at('backup'), damage[0].file)).toBe(file);
    const shown = await new Child(['check', '--data', at('backup')]).ended;
    expect(shown.stdout).toContain('checksum');
    const restored = await new Child(['restore', at('backup'), '--data', at('new')]).ended;
    expect(restored.code).toBe(6);
    expect(restored.stderr).toContain(file);
    const started = await startServer(['--data', at('new')]).ended;
    expect(started.code).toBe(3);
    const none = await new Child(['restore', at('data'), '--data', at('newer')]).ended;
    expect([none.code, none.stdout]).toEqual([5, '']);
    expect(none.stderr).toContain('is not a dfs backup');
    const full = await new Child(['restore', at('backup'), '--data', at('data')]).ended;
    expect(full.code).toBe(5);
    const missing = await new Child(['backup', '--data', at('nothing'), at('b')]).ended;
    expect(missing.code).toBe(3);
    const wrong = await new Child(['backup', '--data', at('nothing'), at('b'), '--max-rate', 'fast']).ended;
    expect(wrong.code).toBe(2);
  });
});

describe('backups of a server that stops', () => {
  it('are refused, and the one under way is ended, for that reason', async () => {
    const begun = Promise.withResolvers<AbortSignal | undefined>();
    const backups = new Backups(
      {
        records: openMemoryDirectory().records,
        async backup(_target, { onProgress, signal } = {}) {
          onProgress?.({ phase: 'copying', files: 0, bytes: 0, ofBytes: undefined });
          begun.resolve(signal);
          await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
          throw new BackupError('CANCELLED', 'cancelled', 'start it again when it suits');
        },
      },
      () => undefined,
    );
    await backups.start({ target: '/somewhere' }, 'me');
    await begun.promise;
    await backups.close();
    expect(backups.show()).toMatchObject({
      state: 'cancelled',
      error: { detail: 'cancelled: the server stops', advice: expect.stringContaining('has started') },
    });
    await expect(backups.start({ target: '/elsewhere' }, 'me')).rejects.toMatchObject({
      status: 503,
      code: 'stopping',
      message: expect.stringMatching(/^the server stops: /),
    });
  });
});
