import { expect, it } from 'vitest';
import { Attr, authSys, type Files, ops } from '../../src/client/index.ts';
import { refused, suite } from '../support/suite.ts';

const names = (count: number, prefix = 'entry') => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

async function fill(f: Files, list: readonly string[]): Promise<void> {
  await Promise.all(list.map((name) => f.mkdir(name)));
}

suite('READDIR', ({ start, files }) => {
  it('gives every entry once, whatever the size of a page', async () => {
    await using server = await start();
    const f = await files(server);
    const all = names(150);
    await fill(f, all);
    for (const maxCount of [200, 333, 1000, 4096, 1024 * 1024]) {
      const got = await f.names('', { maxCount, dirCount: maxCount });
      expect(got.length).toBe(all.length);
      expect(new Set(got)).toEqual(new Set(all));
    }
    expect((await f.names('', { dirCount: 0 })).length).toBe(150);
    expect((await f.names('', { dirCount: 100, maxCount: 60_000 })).length).toBe(150);
  });

  it('keeps its pages within what was asked', async () => {
    await using server = await start();
    const f = await files(server);
    await fill(f, names(100));
    let cookie = 0n;
    for (let pages = 0; ; pages++) {
      const reply = await f.session.compound([ops.putfh(f.root), ops.readdir({ cookie, maxCount: 500 })]);
      const page = reply.values()[1];
      // status, tag, count; SEQUENCE 44 bytes, PUTFH 8, READDIR's number and status 8: what is left is READDIR4resok.
      expect(reply.raw.length - (4 + 4 + 4 + 44 + 8 + 8)).toBeLessThanOrEqual(500);
      if (page.eof) break;
      expect(page.entries.length).toBeGreaterThan(0);
      cookie = page.entries.at(-1)!.cookie;
      expect(pages).toBeLessThan(100);
    }
  });

  it('keeps its cookies good while entries come and go', async () => {
    await using server = await start();
    const f = await files(server);
    const stay = names(60, 'stay');
    const go = names(60, 'go');
    await fill(
      f,
      stay.flatMap((name, i) => [name, go[i]!]),
    );
    const seen: string[] = [];
    let page: ops.DirectoryPage | undefined;
    let round = 0;
    do {
      page = await f.last(
        [ops.putfh(f.root)],
        ops.readdir({
          cookie: page?.entries.at(-1)?.cookie ?? 0n,
          maxCount: 400,
          ...(page && { verifier: page.verifier }),
        }),
      );
      seen.push(...page.entries.map((entry) => entry.name));
      for (const name of go.splice(0, 10)) await f.remove(name);
      await f.mkdir(`new${round++}`);
    } while (!page.eof);
    expect(seen.filter((name) => name.startsWith('stay')).sort()).toEqual([...stay].sort());
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('goes on from the cookie of an entry that is gone', async () => {
    await using server = await start();
    const f = await files(server);
    const all = names(30);
    for (const name of all) await f.mkdir(name);
    const first = await f.last([ops.putfh(f.root)], ops.readdir({ maxCount: 300 }));
    const got = first.entries.map((entry) => entry.name);
    await f.remove(got.at(-1)!);
    const rest = await f.readdir('', { cookie: first.entries.at(-1)!.cookie, verifier: first.verifier });
    expect([...got, ...rest.map((entry) => entry.name)].sort()).toEqual([...all].sort());
  });

  it('gives the attributes asked for', async () => {
    await using server = await start();
    const f = await files(server);
    await f.mkdir('d', { mode: 0o700 });
    await f.writeFile('file', 'hello', { mode: 0o640 });
    await f.symlink('x', 'link');
    const entries = await f.readdir('', {
      attributes: [
        Attr.TYPE,
        Attr.SIZE,
        Attr.RDATTR_ERROR,
        Attr.FILEHANDLE,
        Attr.FILEID,
        Attr.MODE,
        Attr.OWNER,
      ],
    });
    for (const { name, attributes } of entries) {
      expect(attributes.rdattrError).toBe(0);
      expect(attributes.filehandle).toEqual(await f.lookup(name));
      expect(attributes.fileid).toBe((await f.stat(name)).fileid);
    }
    expect(entries.map((entry) => entry.attributes.mode)).toEqual([0o700, 0o640, 0o777]);
    const bare = await f.readdir('');
    expect(bare.map((entry) => entry.attributes)).toEqual([{}, {}, {}]);
  });

  it('refuses what it cannot answer', async () => {
    await using server = await start();
    const f = await files(server);
    await f.writeFile('file', 'x');
    await f.mkdir('n'.repeat(255));
    await f.mkdir('private', { mode: 0o700 });
    const here = [ops.putfh(f.root)];
    await refused(f.last(f.to('file'), ops.readdir()), 'NFS4ERR_NOTDIR');
    await refused(f.last(here, ops.readdir({ maxCount: 10 })), 'NFS4ERR_TOOSMALL');
    await refused(f.last(here, ops.readdir({ cookie: 1 })), 'NFS4ERR_BAD_COOKIE');
    await refused(f.last(here, ops.readdir({ cookie: 2 })), 'NFS4ERR_BAD_COOKIE');
    await refused(f.last(here, ops.readdir({ cookie: 2n ** 64n - 1n })), 'NFS4ERR_BAD_COOKIE');
    await refused(f.last(here, ops.readdir({ attributes: [Attr.TIME_MODIFY_SET] })), 'NFS4ERR_INVAL');
    const other = f.as(authSys({ uid: 8, gid: 8 }));
    await refused(other.readdir('private'), 'NFS4ERR_ACCESS');
    const small = await f.last(here, ops.readdir({ maxCount: 100 }));
    expect(small.entries.map((entry) => entry.name)).toEqual(['file']);
    const next = f.last(here, ops.readdir({ maxCount: 100, cookie: small.entries[0]!.cookie }));
    await refused(next, 'NFS4ERR_TOOSMALL');
    expect(await f.readdir('private')).toEqual([]);
  });

  it('lists a directory that is changed by others all the time', async () => {
    await using server = await start();
    const [one, two] = [await files(server), await files(server)];
    await fill(one, names(80, 'stay'));
    let running = true;
    const churn = (async () => {
      for (let i = 0; running; i++) {
        await two.mkdir(`churn${i}`);
        await two.rename(`churn${i}`, `moved${i}`);
        await two.remove(`moved${i}`);
      }
    })();
    for (let i = 0; i < 5; i++) {
      const got = await one.names('', { maxCount: 700 });
      expect(got.filter((name) => name.startsWith('stay')).length).toBe(80);
    }
    running = false;
    await churn;
  });
});
