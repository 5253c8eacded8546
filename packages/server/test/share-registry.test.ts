import { openMemoryDirectory } from '@dfs/storage';
import { describe, expect, it } from 'vitest';
import { DEFAULT_TERMS, parseShareText, type ShareSpec } from '../src/config/share-spec.ts';
import { defaultShare, isClosedToAll } from '../src/daemon/default-share.ts';
import { reconcileShares } from '../src/daemon/share-registry.ts';

const FALLBACK: ShareSpec = { ...DEFAULT_TERMS, path: '/export', squash: 'none' };
const specs = (...texts: string[]) => texts.map(parseShareText);

describe('the shares of a data directory', () => {
  it('never give an id to another share', async () => {
    const { records } = openMemoryDirectory();
    await reconcileShares(records, { declared: specs('/a', '/b'), fallback: FALLBACK });
    records.delete('share/0000000002');
    const shares = await reconcileShares(records, { declared: specs('/c'), fallback: FALLBACK });
    expect(shares.map(({ id, path }) => [id, path])).toEqual([
      [1, '/a'],
      [3, '/c'],
    ]);
  });

  it("work the default share's terms out anew at each start", async () => {
    const { records } = openMemoryDirectory();
    const start = (fallback: ShareSpec) => reconcileShares(records, { declared: [], fallback });
    expect(await start(FALLBACK)).toEqual([{ ...FALLBACK, id: 1, origin: 'default' }]);
    const later = { ...FALLBACK, squash: 'root' } as const;
    expect(await start(later)).toEqual([{ ...later, id: 1, origin: 'default' }]);
    await reconcileShares(records, { declared: specs('/export,ro'), fallback: FALLBACK });
    expect(await start(FALLBACK)).toMatchObject([{ id: 1, readOnly: true, squash: 'root', origin: 'data' }]);
  });

  it.each([
    ['no JSON', '{'],
    ['no record', '[]'],
    ['an id that is none', '{"id":"x","path":"/a","terms":null}'],
    ['terms of another version', '{"id":1,"path":"/a","terms":[{"path":"/a","colour":"red"}]}'],
  ])('are refused where a record is damaged: %s', async (_what, text) => {
    const { records } = openMemoryDirectory();
    records.put('share/0000000001', Buffer.from(text));
    const work = reconcileShares(records, { declared: [], fallback: FALLBACK });
    await expect(work).rejects.toThrow('share/0000000001 of the data directory');
  });
});

describe('the share of a first start', () => {
  const here = [
    { host: '127.0.0.1', port: 1 },
    { host: '::1', port: 1 },
  ];
  const everywhere = [...here, { host: '0.0.0.0', port: 1 }];

  it("squashes clients' root, unless root started the server for this machine alone", () => {
    expect(defaultShare(1000, here).squash).toBe('root');
    expect(defaultShare(0, everywhere).squash).toBe('root');
    expect(defaultShare(0, here).squash).toBe('none');
  });
});

describe('the warning of a share that nobody can write to', () => {
  const root = openMemoryDirectory().openShare(1, { uid: 0, gid: 0, mode: 0o755 });
  const closed = async (
    spec: Partial<ShareSpec>,
    change: Partial<{ uid: number; gid: number; mode: number }> = {},
  ) => {
    const fileSystem = await root;
    const attributes = { ...(await fileSystem.attributes(fileSystem.root())), ...change };
    return isClosedToAll({ ...DEFAULT_TERMS, path: '/a', ...spec }, attributes);
  };

  it('comes where only root may write and root is squashed', async () => {
    expect(await closed({})).toBe(true);
    expect(await closed({ squash: 'all' })).toBe(true);
    expect(await closed({ squash: 'none' })).toBe(false);
    expect(await closed({ readOnly: true })).toBe(false);
    expect(await closed({}, { mode: 0o777 })).toBe(false);
    expect(await closed({}, { mode: 0o775 })).toBe(false);
    expect(await closed({}, { uid: 1000 })).toBe(false);
    expect(await closed({ squash: 'all', anonymousUid: 0 })).toBe(false);
  });
});
