import { Attr, Files, NfsStatusError, type OpenFile, ShareAccess } from '@dfs/nfs/client';
import { describe, expect, it } from 'vitest';
import { scratchFolder } from './helpers/config.ts';
import { type Running, run } from './helpers/running.ts';

const KIB = 1024;
const CHUNK = 64 * KIB;
const MEMORY = { memory: true } as const;
const SPACE = [
  Attr.SPACE_TOTAL,
  Attr.SPACE_FREE,
  Attr.SPACE_AVAIL,
  Attr.FILES_TOTAL,
  Attr.FILES_FREE,
  Attr.FILES_AVAIL,
  Attr.QUOTA_AVAIL_HARD,
  Attr.QUOTA_AVAIL_SOFT,
  Attr.QUOTA_USED,
];

async function status(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'NFS4_OK';
  } catch (error) {
    if (error instanceof NfsStatusError) return error.message.match(/NFS4ERR_\w+/)?.[0] ?? error.message;
    throw error;
  }
}

async function mounted(server: Running, share: string): Promise<Files> {
  return await Files.mount(await server.mount({ minor: 2 }), share);
}

function made(files: Files, name: string): Promise<OpenFile> {
  return files.open(name, { access: ShareAccess.BOTH, create: 'unchecked' });
}

/** Writes chunk by chunk until it is refused; answers how many were taken, and the refusal. */
async function fill(file: OpenFile, from = 0): Promise<[number, string]> {
  for (let chunk = from; ; chunk++) {
    const answer = await status(file.write(chunk * CHUNK, Buffer.alloc(CHUNK, 1)));
    if (answer !== 'NFS4_OK') return [chunk - from, answer];
  }
}

async function metric(server: Running, series: string): Promise<number | undefined> {
  const { text } = await server.ask('GET', '/metrics');
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

describe.each([
  ['in memory', () => MEMORY],
  ['on the disk', () => ({ data: scratchFolder() })],
])("a share's quota, %s", (_name, flags) => {
  it('bounds bytes: DQUOT, until something is freed', async () => {
    const server = await run(flags());
    const { id } = await server.api.createShare({ path: '/q', squash: 'none', quota_bytes: 10 * CHUNK });
    const files = await mounted(server, '/q');
    const [a, b] = [await made(files, 'a'), await made(files, 'b')];
    expect(await fill(a)).toEqual([10, 'NFS4ERR_DQUOT']);
    expect(await fill(b)).toEqual([0, 'NFS4ERR_DQUOT']);
    expect((await files.stat('b')).size).toBe(0n);
    // What is there may be written over, and holes cost nothing.
    expect(await status(a.write(CHUNK, Buffer.alloc(CHUNK, 2)))).toBe('NFS4_OK');
    expect(await status(files.setattr('b', { size: 100 * CHUNK }))).toBe('NFS4_OK');
    expect(await status(files.setXattr('b', 'user', Buffer.alloc(100)))).toBe('NFS4ERR_DQUOT');
    expect(await status(files.symlink('a', 'link'))).toBe('NFS4ERR_DQUOT');
    expect(await status(b.allocate(0, CHUNK))).toBe('NFS4ERR_DQUOT');
    expect(await status(a.copyTo(b, { count: CHUNK }))).toBe('NFS4ERR_DQUOT');
    await files.setattr('a', { size: 4 * CHUNK });
    expect(await fill(b)).toEqual([6, 'NFS4ERR_DQUOT']);
    // Without a name and open, it still counts.
    await files.remove('a');
    expect(await fill(b, 6)).toEqual([0, 'NFS4ERR_DQUOT']);
    await a.close();
    expect(await fill(b, 6)).toEqual([4, 'NFS4ERR_DQUOT']);
    expect(await server.api.shares()).toMatchObject({
      shares: [{}, { id, used_bytes: 10 * CHUNK, used_files: 1 }],
    });
  });

  it('bounds files of every kind', async () => {
    const server = await run(flags());
    await server.api.createShare({ path: '/q', squash: 'none', quota_files: 3 });
    const files = await mounted(server, '/q');
    await (await made(files, 'file')).close();
    await files.mkdir('dir');
    await files.symlink('file', 'link');
    expect(await status(made(files, 'more'))).toBe('NFS4ERR_DQUOT');
    expect(await status(files.mkdir('more'))).toBe('NFS4ERR_DQUOT');
    expect(await status(files.symlink('file', 'more'))).toBe('NFS4ERR_DQUOT');
    // A second name is no second file.
    expect(await status(files.link('file', 'dir/again'))).toBe('NFS4_OK');
    expect(await status(files.rename('link', 'dir/link'))).toBe('NFS4_OK');
    expect((await files.names('')).sort()).toEqual(['dir', 'file']);
    await files.remove('dir/link');
    expect(await status(files.mkdir('more'))).toBe('NFS4_OK');
  });

  it('bounds two clients that write at the same time, together', async () => {
    const server = await run(flags());
    await server.api.createShare({ path: '/q', squash: 'none', quota_bytes: 40 * CHUNK });
    const clients = await Promise.all([mounted(server, '/q'), mounted(server, '/q')]);
    const open = await Promise.all(clients.map((files, i) => made(files, `file ${i}`)));
    const filled = await Promise.all(open.map((file) => fill(file)));
    expect(filled.map(([, refusal]) => refusal)).toEqual(['NFS4ERR_DQUOT', 'NFS4ERR_DQUOT']);
    expect(filled.reduce((sum, [chunks]) => sum + chunks, 0)).toBe(40);
    expect(await metric(server, 'dfs_share_used_bytes{share="/q"}')).toBe(40 * CHUNK);
  });

  it('is what clients see as the size of the file system', async () => {
    const server = await run(flags());
    await server.api.createShare({
      path: '/q',
      squash: 'none',
      quota_bytes: 100 * CHUNK,
      quota_files: 10,
    });
    const files = await mounted(server, '/q');
    await files.writeFile('a', Buffer.alloc(30 * CHUNK, 1));
    const [total, free] = [BigInt(100 * CHUNK), BigInt(70 * CHUNK)];
    expect(await files.getattr('', SPACE)).toMatchObject({
      spaceTotal: total,
      spaceFree: free,
      spaceAvail: free,
      filesTotal: 10n,
      filesFree: 9n,
      filesAvail: 9n,
      quotaAvailHard: free,
      quotaAvailSoft: free,
      quotaUsed: total - free,
    });
    expect((await files.getattr('a', [Attr.SPACE_USED])).spaceUsed).toBe(BigInt(30 * CHUNK));
  });

  it('changes at once, also to less than is used', async () => {
    const server = await run(flags());
    const { id } = await server.api.createShare({ path: '/q', squash: 'none' });
    const files = await mounted(server, '/q');
    const file = await made(files, 'a');
    await file.write(0, Buffer.alloc(CHUNK, 1));
    expect(await metric(server, 'dfs_share_quota_bytes{share="/q"}')).toBeUndefined();
    const lower = await server.api.updateShare(id, { quota_bytes: KIB, quota_files: 1 });
    expect(lower).toMatchObject({
      quota_bytes: KIB,
      quota_files: 1,
      used_bytes: CHUNK,
      used_files: 1,
    });
    expect(await metric(server, 'dfs_share_quota_bytes{share="/q"}')).toBe(KIB);
    expect(await metric(server, 'dfs_share_used_files{share="/q"}')).toBe(1);
    expect(await status(file.write(CHUNK, Buffer.alloc(1)))).toBe('NFS4ERR_DQUOT');
    expect(await status(files.mkdir('d'))).toBe('NFS4ERR_DQUOT');
    expect(await status(file.write(0, Buffer.alloc(CHUNK, 2)))).toBe('NFS4_OK');
    expect((await file.readAll()).equals(Buffer.alloc(CHUNK, 2))).toBe(true);
    await server.api.updateShare(id, { quota_bytes: 0, quota_files: 0 });
    expect(await status(file.write(CHUNK, Buffer.alloc(1)))).toBe('NFS4_OK');
  });
});

it('a quota and what is used are there after a restart', async () => {
  const data = scratchFolder();
  const first = await run({ data });
  const share = await first.api.createShare({ path: '/q', squash: 'none', quota_bytes: 2 * CHUNK });
  await (await mounted(first, '/q')).writeFile('a', Buffer.alloc(CHUNK, 1));
  await first.stop();
  const second = await run({ data });
  expect((await second.api.shares()).shares[1]).toEqual({ ...share, used_bytes: CHUNK, used_files: 1 });
  const files = await mounted(second, '/q');
  expect(await fill(await made(files, 'b'))).toEqual([1, 'NFS4ERR_DQUOT']);
  await second.stop();
  const third = await run({ data, share: ['/q,squash=none,quota_files=2'] });
  expect((await third.api.shares()).shares[1]).toMatchObject({
    quota_bytes: 0,
    quota_files: 2,
    used_files: 2,
  });
});

it('a quota that cannot be is refused, and named', async () => {
  const server = await run();
  for (const wrong of [-1, 1.5, '10G', 2 ** 53]) {
    const answer = await server.ask('POST', '/api/v1/shares', { body: { path: '/x', quota_bytes: wrong } });
    expect([wrong, answer.status]).toEqual([wrong, 422]);
    expect(answer.text).toContain('quota_bytes');
  }
});
