import { rmSync } from 'node:fs';
import path from 'node:path';
import { LmdbMetadataStore, openDataDirectory } from '@dfs/storage';
import { describe, expect, it } from 'vitest';
import { Child, startServer } from './helpers/child.ts';
import { scratchFolder } from './helpers/config.ts';

async function dataWithAFile(): Promise<string> {
  const data = scratchFolder();
  const server = startServer(['--data', data]);
  await server.ready();
  await server.stop();
  const directory = await openDataDirectory(data);
  const share = await directory.openShare(1, { uid: 0, gid: 0, mode: 0o755 });
  const cred = { uid: 0, gid: 0, groups: [] };
  const file = share.createFile(share.root(), cred, 'file', {});
  await share.write(file, 0, Buffer.from('content'), 2);
  await directory.close();
  return data;
}

/** Makes the top directory err about how many entries it has. */
async function damage(data: string): Promise<void> {
  const store = new LmdbMetadataStore(path.join(data, 'meta'));
  const [entry] = store.scan('\0\0\0\u0001i', '\0\0\0\u0001j', 1);
  if (entry === undefined) throw new Error('no inode to damage');
  // The eight bytes at 112 of an inode's record.
  entry.value.writeUInt32BE(99, 116);
  await store.commit(new Map([[entry.key, entry.value]]));
  await store.close();
}

describe('dfs check', () => {
  it('finds nothing in what a server left', async () => {
    const data = await dataWithAFile();
    const ended = await new Child(['check', '--data', data]).ended;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain('1 share looked at');
    expect(ended.stdout).toContain('everything is as it should be');
  });

  it('tells damage by its exit code, and mends it only where agreed to', async () => {
    const data = await dataWithAFile();
    await damage(data);
    const found = await new Child(['check', '--data', data, '-o', 'json']).ended;
    expect(found.code).toBe(6);
    expect(JSON.parse(found.stdout)).toMatchObject({
      damage: 1,
      counts: { ENTRIES_WRONG: 1 },
      findings: [{ code: 'ENTRIES_WRONG', share: 1, ino: 2 }],
      repaired: false,
    });
    const unasked = await new Child(['check', '--data', data, '--repair']).ended;
    expect(unasked.code).toBe(6);
    expect(unasked.stderr).toContain('--yes');
    const mended = await new Child(['check', '--data', data, '--repair', '--yes']).ended;
    expect(mended).toMatchObject({ code: 0, stderr: '' });
    expect(mended.stdout).toContain('mended');
    expect((await new Child(['check', '--data', data]).ended).code).toBe(0);
  });

  it('refuses a directory that a server has, or that is none', async () => {
    const data = scratchFolder();
    const server = startServer(['--data', data]);
    await server.ready();
    const busy = await new Child(['check', '--data', data]).ended;
    expect(busy.code).toBe(3);
    expect(busy.stderr).toContain('in use by process');
    await server.stop();
    rmSync(path.join(data, 'format'));
    const none = await new Child(['check', '--data', data]).ended;
    expect(none.code).toBe(3);
    expect(none.stderr).toContain('is not a dfs data directory');
  });
});
