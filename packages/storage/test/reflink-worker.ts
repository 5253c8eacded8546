/** CLONE, COPY and a backup on the file system of a folder, which shares storage: says on standard output, in JSON, what has come of it. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { type Credentials, Stability } from '@dfs/nfs';
import { pathOf } from '../src/content/host-files.ts';
import { checkBackup, checkDataDirectory, type Inode, openDataDirectory } from '../src/index.ts';

const [folder] = process.argv.slice(2) as [string];
const root: Credentials = { uid: 0, gid: 0, groups: [] };
const MIB = 1024 * 1024;
const BIG = 8 * MIB;
const BLOCK = 4096;

const path = join(folder, 'data');
const directory = await openDataDirectory(path);
const share = await directory.openShare(1, { uid: 0, gid: 0, mode: 0o755 });

async function file(name: string, content: Buffer = Buffer.alloc(0)): Promise<Inode> {
  const made = share.createFile(share.root(), root, name, {});
  await share.write(made, 0, content, Stability.FILE_SYNC);
  return made;
}

async function content(of: Inode): Promise<Buffer> {
  const target = Buffer.alloc(of.size);
  return target.subarray(0, await share.read(of, 0, target));
}

const clone = (from: Inode, at: number, to: Inode, toAt: number, count: number) =>
  share.copyRange(from, at, to, toAt, count, true);

const refused = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => (error as { code?: string }).code,
  );

/** Bytes in use, all written out. */
function used(): number {
  execFileSync('sync', ['-f', folder]);
  const { blocks, bfree, bsize } = fs.statfsSync(folder);
  return (blocks - bfree) * bsize;
}

async function growth(work: () => Promise<unknown>): Promise<number> {
  const before = used();
  await work();
  return used() - before;
}

const isShared = (of: Inode) =>
  /shared/.test(execFileSync('filefrag', ['-v', join(path, 'content', '1', pathOf(of.fileid))]).toString());

const bytes = randomBytes(BIG);
const a = await file('a', bytes);
const [b, c] = [await file('b'), await file('c')];
const cloned = await growth(() => clone(a, 0, b, 0, BIG));
const whole = { grown: cloned, same: (await content(b)).equals(bytes), shared: isShared(b) };
const copied = await growth(() => share.copyRange(a, 0, c, 0, BIG, false));
const copy = { grown: copied, same: (await content(c)).equals(bytes) };
await share.write(b, MIB, Buffer.alloc(BLOCK, 1), Stability.FILE_SYNC);
const apart = { source: (await content(a)).equals(bytes), target: (await content(b))[MIB] };
await clone(a, 0, a, 2 * BIG, BIG / 2);
const within = (await content(a)).subarray(2 * BIG).equals(bytes.subarray(0, BIG / 2));
// Written, and not yet on the disk.
const fresh = await file('fresh');
await share.write(fresh, 0, bytes, Stability.UNSTABLE);
await clone(fresh, 0, b, 0, BIG);
const unstable = (await content(b)).equals(bytes);

const odd = await file('odd', randomBytes(10_000));
const oddBytes = await content(odd);
const empty = await file('empty');
await clone(odd, 0, empty, 0, 10_000);
const end = { size: empty.size, same: (await content(empty)).equals(oddBytes) };
const behind = await file('behind', Buffer.alloc(20_000, 0xff));
await clone(odd, 0, behind, BLOCK, 10_000);
const expected = Buffer.alloc(20_000, 0xff);
oddBytes.copy(expected, BLOCK);
expected.fill(0, BLOCK + 10_000, 4 * BLOCK);
const middle = { size: behind.size, same: (await content(behind)).equals(expected) };
const tiny = await file('tiny', Buffer.alloc(100, 7));
await clone(tiny, 0, behind, 0, 100);
expected.fill(0, 0, BLOCK).fill(7, 0, 100);
const less = (await content(behind)).equals(expected);
const near = await file('near', Buffer.alloc(200, 0xff));
await clone(tiny, 0, near, 0, 100);
const short = { size: near.size, same: (await content(near)).equals(Buffer.alloc(200).fill(7, 0, 100)) };
share.setAttributes(tiny, root, { size: 3 * BLOCK });
const hollow = await file('hollow', Buffer.alloc(5 * BLOCK, 0xff));
await clone(tiny, 0, hollow, 0, 3 * BLOCK);
const hole = (await content(hollow)).equals(
  Buffer.concat([Buffer.alloc(100, 7), Buffer.alloc(3 * BLOCK - 100), Buffer.alloc(2 * BLOCK, 0xff)]),
);

const before = await content(behind);
const refusals = [
  await refused(clone(a, 1, behind, 0, BLOCK)),
  await refused(clone(a, 0, behind, 1, BLOCK)),
  await refused(clone(a, 0, behind, 0, BLOCK + 1)),
  await refused(clone(odd, 0, behind, 1, 10_000)),
  await refused(clone(a, 0, a, BLOCK, 2 * BLOCK)),
];
const untouched = (await content(behind)).equals(before);
const { abilities, held } = share;
const sum = [a, b, c, fresh, odd, empty, behind, tiny, near, hollow].reduce(
  (total, inode) => total + share.attributes(inode).used,
  0,
);
const target = join(folder, 'backup');
const backup = await growth(() => directory.backup(target, { maxPauseMs: 120_000 }));
await directory.close();
const damage = [...(await checkDataDirectory(path)).findings.counts.keys()];
const { damaged } = await checkBackup(target);
console.log(
  JSON.stringify({
    whole,
    copy,
    apart,
    within,
    unstable,
    end,
    middle,
    less,
    short,
    hole,
    refusals,
    untouched,
    block: abilities.cloneBlockBytes,
    counted: held.bytes - sum,
    backup: { grown: backup, damaged },
    damage,
  }),
);
