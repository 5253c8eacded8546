import { createNfsServer, type NfsServer, Stability } from '@dfs/nfs';
import { Files } from '@dfs/nfs/client';
import { openDataDirectory } from '@dfs/storage';
import { describe, expect, it } from 'vitest';
import { type Call, Faults, faultyContent, faultyMetadata } from '../../storage/test/faults/faulty.ts';
import type { ConfigFlags } from '../src/config/flags.ts';
import { scratchFolder } from './helpers/config.ts';
import { type Running, run, until } from './helpers/running.ts';

interface World {
  readonly server: Running;
  readonly faults: Faults;
  /** In /a, whose disk fails, and in /b. */
  readonly a: Files;
  readonly b: Files;
  /** /a once more, as another client. */
  readonly other: Files;
  readonly nfs: () => NfsServer | undefined;
  readonly log: () => readonly Record<string, unknown>[];
}

const RETRY_MS = 20;

async function world(flags: ConfigFlags = {}): Promise<World> {
  const faults = new Faults();
  const lines: string[] = [];
  let nfs: NfsServer | undefined;
  const server = await run(
    { data: scratchFolder(), share: ['/a,squash=none', '/b,squash=none'], ...flags },
    {
      told: (line) => lines.push(line),
      parts: {
        createNfsServer: async (options) => {
          nfs = await createNfsServer(options);
          return nfs;
        },
        openDataDirectory: (path, options) =>
          openDataDirectory(path, {
            ...options,
            limits: { fullRetryMs: RETRY_MS },
            between: {
              metadata: (store) => faultyMetadata(store, faults),
              content: (store, share) => (share === 1 ? faultyContent(store, faults) : store),
            },
          }),
      },
    },
  );
  const session = await server.mount();
  const [a, b] = [await Files.mount(session, '/a'), await Files.mount(session, '/b')];
  const other = await Files.mount(await server.mount(), '/a');
  return {
    server,
    faults,
    a,
    b,
    other,
    nfs: () => nfs,
    log: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

/** The value of a series, as it is scraped. */
async function metric({ server }: World, series: string): Promise<number | undefined> {
  const { text } = await server.ask('GET', '/metrics');
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** The status that something is refused with; NFS4_OK where it is not. */
async function status(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'NFS4_OK',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
}

async function shares({ server }: World): Promise<Record<string, string>> {
  return Object.fromEntries((await server.api.shares()).shares.map(({ path, state }) => [path, state]));
}

const problem = (code: number) => ({ problem: { status: code } });

describe('content that cannot be kept', () => {
  const cases: [Call, string, (a: Files) => Promise<unknown>][] = [
    ['sync', 'EIO', async (a) => (await a.open('f', { access: 3 })).commit()],
    ['write', 'EIO', async (a) => (await a.open('f', { access: 3 })).write(0, 'new')],
  ];
  it.each(cases)(
    'stops its share (%s: %s), which is told of and started again',
    async (call, code, change) => {
      const here = await world();
      const { server, faults, a, b, other } = here;
      await a.writeFile('f', 'old');
      const file = await a.open('f', { access: 3 });
      const { verifier } = await file.write(0, 'unstable', Stability.UNSTABLE);
      faults.fail(call, code);
      expect(await status(change(other))).toBe('NFS4ERR_IO');
      expect(await status(other.readFile('f'))).toBe('NFS4ERR_IO');
      expect(await status(file.commit())).toBe('NFS4ERR_IO');
      await b.writeFile('f', 'theirs');

      expect(await shares(here)).toEqual({ '/a': 'stopped', '/b': 'serving' });
      const [shown] = (await server.api.shares()).shares;
      expect(shown?.stopped).toMatchObject({
        cause: 'content',
        reason: expect.stringContaining(code) as string,
      });
      expect(shown?.stopped?.advice).toContain('dfsctl share start /a');
      expect(await metric(here, 'dfs_share_stopped{share="/a"}')).toBe(1);
      expect(await metric(here, 'dfs_share_stopped{share="/b"}')).toBe(0);
      const health = await server.ask('GET', '/health');
      expect([health.status, health.json]).toEqual([
        200,
        { status: 'degraded', stopped_shares: 1, disk_full: false },
      ]);
      const told = here.log().filter((line) => String(line['msg']).startsWith('share stopped'));
      expect(told).toEqual([expect.objectContaining({ share: '/a', cause: 'content' })]);

      await expect(server.api.startShare(1)).rejects.toMatchObject(problem(409));
      await expect(server.api.startShare(9)).rejects.toMatchObject(problem(404));
      expect(await shares(here)).toMatchObject({ '/a': 'stopped' });
      faults.heal();
      expect(await server.api.startShare(1)).toMatchObject({ path: '/a', state: 'serving', stopped: null });
      expect(here.log().at(-1)).toMatchObject({ msg: 'share started', share: '/a' });
      expect(await metric(here, 'dfs_share_stopped{share="/a"}')).toBe(0);
      expect((await server.ask('GET', '/health')).json).toEqual({ status: 'ok' });
      // The client sees that its write may be lost, and sends it again.
      expect((await file.commit()).equals(verifier)).toBe(false);
      await file.write(0, 'again...', Stability.FILE_SYNC);
      expect((await other.readFile('f')).toString()).toBe('again...');
    },
  );

  it.each([
    ['ENOSPC', 'NFS4ERR_NOSPC'],
    ['EDQUOT', 'NFS4ERR_DQUOT'],
    ['EROFS', 'NFS4ERR_ROFS'],
  ])('for %s is refused with %s, and nothing stops', async (code, expected) => {
    const here = await world();
    await here.a.writeFile('f', 'old');
    const file = await here.a.open('f', { access: 3 });
    here.faults.fail('write', code);
    expect(await status(file.write(0, 'new'))).toBe(expected);
    expect(await status(file.write(0, 'new', Stability.FILE_SYNC))).toBe(expected);
    expect((await here.other.readFile('f')).toString()).toBe('old');
    expect(await shares(here)).toEqual({ '/a': 'serving', '/b': 'serving' });
    here.faults.heal();
    await file.write(0, 'new', Stability.FILE_SYNC);
    expect((await here.other.readFile('f')).toString()).toBe('new');
  });

  it('that cannot be read is an error of that READ, counted and logged', async () => {
    const here = await world();
    await here.a.writeFile('f', 'old');
    here.faults.fail('read', 'EIO');
    expect(await status(here.a.readFile('f'))).toBe('NFS4ERR_IO');
    expect(await status(here.a.readFile('f'))).toBe('NFS4ERR_IO');
    expect(await metric(here, 'dfs_share_read_errors_total{share="/a"}')).toBe(2);
    const told = here.log().filter((line) => String(line['msg']).startsWith('a file cannot be read'));
    expect(told).toEqual([expect.objectContaining({ share: '/a', failed: 1 })]);
    expect(await shares(here)).toEqual({ '/a': 'serving', '/b': 'serving' });
    here.faults.heal();
    expect((await here.a.readFile('f')).toString()).toBe('old');
  });
});

const allStopped = (here: World) =>
  until(async () =>
    Object.values(await shares(here)).every((state) => state === 'stopped') ? true : undefined,
  );

describe('records that cannot be kept', () => {
  it('stop all shares; what was changed is there once they are started', async () => {
    const here = await world();
    const { server, faults, a, b } = here;
    await a.writeFile('f', 'old');
    faults.fail('commit', 'EIO');
    // It is in the journal.
    await a.mkdir('d');
    await allStopped(here);
    expect(await status(a.mkdir('refused'))).toBe('NFS4ERR_IO');
    expect(await status(b.names(''))).toBe('NFS4ERR_IO');
    expect(await shares(here)).toEqual({ '/a': 'stopped', '/b': 'stopped' });
    expect(await metric(here, 'dfs_share_stopped{share="/b"}')).toBe(1);
    const refused = await server.ask('POST', '/api/v1/shares', { body: { path: '/c' } });
    expect([refused.status, refused.json]).toMatchObject([503, { code: 'storage_failed' }]);
    await expect(server.api.startShare(2)).rejects.toMatchObject(problem(409));
    faults.heal();
    await server.api.startShare(2);
    expect(await shares(here)).toMatchObject({ '/a': 'serving', '/b': 'serving' });
    const started = here.log().filter((line) => line['msg'] === 'share started');
    expect(started.map((line) => line['share'])).toEqual(['/a', '/b']);
    expect((await a.names('')).sort()).toEqual(['d', 'f']);
    await b.mkdir('d');
  });

  it('refuse changes of shares whole: what was refused has not been done, and no data is lost sight of', async () => {
    const here = await world();
    const { server, faults, a, b } = here;
    await a.writeFile('f', 'ours');
    await b.writeFile('f', 'theirs');
    await server.api.deleteShare(2);
    faults.fail('commit', 'EIO');
    await a.mkdir('d');
    await allStopped(here);
    const created = () => server.api.createShare({ path: '/b', squash: 'none' });
    await expect(created()).rejects.toMatchObject(problem(503));
    await expect(server.api.updateShare(1, { read_only: true })).rejects.toMatchObject(problem(503));
    await expect(server.api.deleteShare(1)).rejects.toMatchObject(problem(503));
    expect(await shares(here)).toEqual({ '/a': 'stopped' });
    faults.heal();
    await server.api.startShare(1);
    expect((await a.readFile('f')).toString()).toBe('ours');
    expect(await created()).toMatchObject({ id: 2, state: 'serving' });
    const again = await Files.mount(await server.mount(), '/b');
    expect((await again.readFile('f')).toString()).toBe('theirs');
  });

  it('refuse tokens, settings and sign-ins whole, and end what is to end all the same', async () => {
    const here = await world({ api: '127.0.0.1:0', set: ['console=127.0.0.1:0'] });
    const { server, faults, a } = here;
    const { api } = server;
    const { id, token } = await api.createToken({ name: 'lost', role: 'admin' });
    const works = async () => (await server.ask('GET', '/api/v1/tokens', { token })).status === 200;
    await api.updateNfsSettings({ lease_time: 30 });
    const secret = (await api.createConsoleLink()).url.split('/').at(-1) ?? '';
    const signIn = () => server.ask('POST', '/api/v1/console/session', { body: { secret } });
    const changesTold = () => here.log().filter((line) => String(line['msg']).includes('settings changed'));
    const told = changesTold().length;
    expect(await works()).toBe(true);

    faults.fail('commit', 'EIO');
    await a.mkdir('d');
    await allStopped(here);
    await expect(api.createToken({ name: 'new', role: 'read' })).rejects.toMatchObject(problem(503));
    await expect(api.updateNfsSettings({ lease_time: 40 })).rejects.toMatchObject(problem(503));
    await expect(api.resetNfsSettings()).rejects.toMatchObject(problem(503));
    expect((await signIn()).status).toBe(503);
    expect((await api.tokens()).tokens.map(({ name }) => name)).toEqual(['lost']);
    expect(await api.nfsSettings()).toMatchObject({ version: 1, settings: { lease_time: 30 } });
    expect(here.nfs()?.control.settings().leaseTime).toBe(30);
    expect((await api.nfsSettingsAudit()).entries).toHaveLength(1);
    expect(changesTold()).toHaveLength(told);
    // Whoever has the secret of a token that is to end must not go on, whatever the disk does.
    for (let time = 0; time < 2; time++) {
      await expect(api.revokeToken(id)).rejects.toMatchObject({
        problem: {
          status: 503,
          code: 'not_kept',
          detail: expect.stringContaining('has ended at once') as string,
        },
      });
      expect(await works()).toBe(false);
    }

    faults.heal();
    await api.startShare(1);
    await api.revokeToken(id);
    await expect(api.revokeToken(id)).rejects.toMatchObject(problem(404));
    expect((await signIn()).status).toBe(201);
    expect((await api.updateNfsSettings({ lease_time: 40 })).version).toBe(2);
    expect((await api.createToken({ name: 'new', role: 'read' })).name).toBe('new');
    await server.stop();
    const next = await run({ data: server.daemon.dataDirectory ?? '' });
    expect((await next.api.tokens()).tokens.map(({ name }) => name)).toEqual(['new']);
    expect(await next.api.nfsSettings()).toMatchObject({ version: 2, settings: { lease_time: 40 } });
    expect((await next.api.nfsSettingsAudit()).entries).toHaveLength(2);
  });

  it('as the disk is read-only: changes are refused so, reads go on', async () => {
    const here = await world();
    const { server, faults, a } = here;
    await a.writeFile('f', 'old');
    faults.fail('commit', 'EROFS');
    await a.mkdir('d');
    await allStopped(here);
    expect(await status(a.mkdir('e'))).toBe('NFS4ERR_ROFS');
    expect(await status(a.remove('f'))).toBe('NFS4ERR_ROFS');
    expect((await a.readFile('f')).toString()).toBe('old');
    const [shown] = (await server.api.shares()).shares;
    expect(shown?.stopped?.advice).toContain('read-only');
    faults.heal();
    await server.api.startShare(1);
    expect((await a.names('')).sort()).toEqual(['d', 'f']);
  });

  it('as the disk is full: what the journal has is answered, others are told', async () => {
    const here = await world();
    const { server, faults, a } = here;
    await a.writeFile('f', 'old');
    faults.fail('commit', 'ENOSPC');
    await a.mkdir('d');
    await until(async () => ((await metric(here, 'dfs_storage_full')) === 1 ? true : undefined));
    expect(await status(a.mkdir('e'))).toBe('NFS4ERR_NOSPC');
    expect((await server.ask('GET', '/health')).json).toMatchObject({ status: 'degraded', disk_full: true });
    const refused = await server.ask('POST', '/api/v1/shares', { body: { path: '/c' } });
    expect([refused.status, refused.json]).toMatchObject([503, { code: 'storage_failed' }]);
    const removed = status(a.remove('f'));
    faults.heal();
    expect(await removed).toBe('NFS4_OK');
    await until(async () => ((await metric(here, 'dfs_storage_full')) === 0 ? true : undefined));
    await a.mkdir('e');
    expect((await a.names('')).sort()).toEqual(['d', 'e']);
    expect(await shares(here)).toEqual({ '/a': 'serving', '/b': 'serving' });
  });
});
