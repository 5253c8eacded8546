import type { Problem } from '@dfs/api';
import { FileType } from '@dfs/nfs';
import { ops, Status } from '@dfs/nfs/client';
import { describe, expect, it } from 'vitest';
import { scratchFolder } from './helpers/config.ts';
import { type Running, run } from './helpers/running.ts';

/** The status of walking down to a path. */
async function visit(server: Running, ...names: string[]): Promise<number> {
  const session = await server.mount();
  const reply = await session.compound([
    ops.putrootfh(),
    ...names.map((name) => ops.lookup(name)),
    ops.getfh(),
  ]);
  return reply.status;
}

async function makeDirectory(server: Running, share: string, name: string): Promise<number> {
  const session = await server.mount();
  const reply = await session.compound([
    ops.putrootfh(),
    ops.lookup(share),
    ops.create({ type: FileType.DIRECTORY }, name),
  ]);
  return reply.status;
}

const OPEN = { squash: 'none' } as const;

describe('shares', () => {
  it('are made and served while the server runs, and there after a restart', async () => {
    const data = scratchFolder();
    const first = await run({ data });
    expect(await visit(first, 'more')).toBe(Status.NOENT);
    const share = await first.api.createShare({ path: 'more/', ...OPEN, clients: ['127.0.0.0/8'] });
    expect(share).toMatchObject({
      id: 2,
      path: '/more',
      squash: 'none',
      clients: ['127.0.0.0/8'],
      read_only: false,
    });
    expect(await makeDirectory(first, 'more', 'd')).toBe(Status.OK);
    await first.stop();
    const second = await run({ data });
    expect((await second.api.shares()).shares).toMatchObject([
      { path: '/export' },
      { ...share, origin: 'data', used_files: 1 },
    ]);
    expect(await visit(second, 'more', 'd')).toBe(Status.OK);
  });

  it('get other terms at once', async () => {
    const server = await run();
    const { id } = await server.api.createShare({ path: '/a', ...OPEN });
    expect(await makeDirectory(server, 'a', 'one')).toBe(Status.OK);
    const changed = await server.api.updateShare(id, { read_only: true, delegations: false });
    expect(changed).toMatchObject({ read_only: true, delegations: false, squash: 'none' });
    expect(await makeDirectory(server, 'a', 'two')).toBe(Status.ROFS);
    await server.api.updateShare(id, { clients: ['192.0.2.0/24'] });
    expect(await visit(server, 'a', 'one')).not.toBe(Status.OK);
  });

  it('are deleted with their data kept, and come back with it', async () => {
    const data = scratchFolder();
    const first = await run({ data });
    const { id } = await first.api.createShare({ path: '/a', ...OPEN });
    await makeDirectory(first, 'a', 'kept');
    await first.api.deleteShare(id);
    expect(await visit(first, 'a')).toBe(Status.NOENT);
    expect((await first.api.shares()).shares.map((share) => share.path)).toEqual(['/export']);
    expect((await first.api.createShare({ path: '/a', ...OPEN })).id).toBe(id);
    expect(await visit(first, 'a', 'kept')).toBe(Status.OK);
    await first.api.deleteShare(id);
    await first.stop();
    const second = await run({ data });
    expect(await visit(second, 'a')).toBe(Status.NOENT);
    expect((await second.api.createShare({ path: '/a' })).id).toBe(id);
    expect(await visit(second, 'a', 'kept')).toBe(Status.OK);
    await second.api.deleteShare(id);
    await second.stop();
    const third = await run({ data, share: ['/a,squash=none'] });
    expect(await visit(third, 'a', 'kept')).toBe(Status.OK);
  });

  it('are deleted with their data where that is asked', async () => {
    const server = await run({ data: scratchFolder() });
    const { id } = await server.api.createShare({ path: '/a', ...OPEN });
    await makeDirectory(server, 'a', 'gone');
    await server.api.deleteShare(id, { deleteData: true });
    const again = await server.api.createShare({ path: '/a', ...OPEN });
    expect(again.id).toBeGreaterThan(id);
    expect(await visit(server, 'a', 'gone')).toBe(Status.NOENT);
  });

  it('do not come back by themselves once all are deleted', async () => {
    const data = scratchFolder();
    const first = await run({ data });
    const [share] = (await first.api.shares()).shares;
    await first.api.deleteShare(share?.id ?? 0);
    await first.stop();
    const second = await run({ data });
    expect(await second.api.shares()).toEqual({ shares: [] });
  });

  it('are refused where they cannot be, each field named', async () => {
    const server = await run();
    const post = (body: unknown) => server.ask('POST', '/api/v1/shares', { body });
    const wrong = await post({ path: '/', clients: ['10.0.0.0/99'] });
    expect(wrong.status).toBe(422);
    expect((wrong.json as Problem).errors?.map(({ field }) => field)).toEqual(['path', 'clients']);
    expect((await post({ path: '/x', squash: 'some' })).status).toBe(422);
    expect((await post({ path: '/x', colour: 1 })).status).toBe(422);
    expect((await post({})).status).toBe(422);
    expect((await post({ path: '/export' })).status).toBe(409);
    expect((await post({ path: '/export/inner' })).status).toBe(409);
    await expect(server.api.updateShare(99, {})).rejects.toMatchObject({ problem: { status: 404 } });
    await expect(server.api.deleteShare(99)).rejects.toMatchObject({ problem: { status: 404 } });
    const { shares } = await server.api.shares();
    expect(shares).toHaveLength(1);
  });
});
