import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { Stability, type Stretch } from '@dfs/nfs';
import koffi from 'koffi';
import { describe, expect, test } from 'vitest';
import { type Inode, openDataDirectory, type ShareFileSystem } from '../src/index.ts';
import { MAX_STRETCHES, SEND_FROM_BYTES } from '../src/limits.ts';
import { ALICE, cleanUpAfterEach, cleanups, newShare, ROOT_DIRECTORY, refusal, scratch } from './support.ts';

cleanUpAfterEach();

const KIB = 1024;
const MIB = 1024 * KIB;
const SYS_CACHESTAT = 451;
const POSIX_FADV_DONTNEED = 4;
const CONTENT = randomBytes(2 * MIB + 5);

/** This kernel says what is in the page cache, to this process: asked here by itself. */
function tellsCached(): boolean {
  if (process.platform !== 'linux') return false;
  const path = join(os.tmpdir(), `dfs-cachestat-${process.pid}`);
  const fd = fs.openSync(path, 'w+');
  try {
    const call = koffi
      .load(null)
      .func('int64_t syscall(int64_t number, int64_t fd, void *range, void *found, int64_t flags)');
    return call(SYS_CACHESTAT, fd, Buffer.alloc(16), Buffer.alloc(40), 0) === 0;
  } finally {
    fs.closeSync(fd);
    fs.rmSync(path);
  }
}

/** What is in memory only is never let go of. */
const TMPFS_MAGIC = 0x01021994;
const isOnDisk = fs.statfsSync(os.tmpdir()).type !== TMPFS_MAGIC;

interface World {
  readonly folder: string;
  readonly share: ShareFileSystem;
  readonly node: Inode;
}

async function world(): Promise<World> {
  const folder = await scratch();
  const directory = await openDataDirectory(folder);
  cleanups.push(() => directory.close());
  const share = await directory.openShare(1, ROOT_DIRECTORY);
  const node = share.createFile(share.root(), ALICE, 'f', { mode: 0o644 });
  await share.write(node, 0, CONTENT, Stability.UNSTABLE);
  return { folder, share, node };
}

/** The host's file of an inode. */
function hostFile(folder: string, node: Inode): string {
  const found = fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .find((path) => path.endsWith(`/${node.fileid.toString(16)}`));
  if (found === undefined) throw new Error('no host file');
  return join(folder, found);
}

/** Until it has: what is being written stays for a moment. */
async function dropCached(path: string, isGone: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000 && !isGone(); tries++) {
    dropOnce(path);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function dropOnce(path: string): void {
  const fd = fs.openSync(path, 'r+');
  fs.fsyncSync(fd);
  const advise = koffi
    .load(null)
    .func('int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)');
  expect(advise(fd, 0, 0, POSIX_FADV_DONTNEED)).toBe(0);
  fs.closeSync(fd);
}

/** Two ends of a connection: a descriptor to send to, and what comes out. */
async function connection(): Promise<{ descriptor: number; peer: net.Socket; near: net.Socket }> {
  const server = net.createServer({ pauseOnConnect: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  const accepted = new Promise<net.Socket>((resolve) => server.once('connection', resolve));
  const { port } = server.address() as net.AddressInfo;
  const peer = net.connect(port, '127.0.0.1');
  const near = await accepted;
  near.on('error', () => {});
  peer.on('error', () => {});
  cleanups.push(() => {
    near.destroy();
    peer.destroy();
  });
  const { fd } = (near as unknown as { _handle: { fd: number } })._handle;
  return { descriptor: fd, peer, near };
}

/** All of the stretch, as it comes out of a connection whose peer reads all the time. */
async function through(stretch: Stretch): Promise<Buffer> {
  const { descriptor, peer, near } = await connection();
  const chunks: Buffer[] = [];
  peer.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (let sent = 0; sent < stretch.length; ) {
    const taken = stretch.send(descriptor, sent);
    sent += taken;
    if (taken === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  stretch.release();
  near.end();
  await new Promise((resolve) => peer.once('end', resolve));
  return Buffer.concat(chunks);
}

describe.runIf(tellsCached())('what lies in the page cache', () => {
  test('is sent as it is, whatever its place and length', async () => {
    const { share, node } = await world();
    for (const count of [SEND_FROM_BYTES, SEND_FROM_BYTES + 1, 100_001, MIB])
      for (const offset of [0, 1, 4095, 4096, CONTENT.length - count]) {
        const stretch = share.stretch(node, offset, count);
        expect(stretch?.length).toBe(count);
        if (stretch === undefined) continue;
        expect((await through(stretch)).equals(CONTENT.subarray(offset, offset + count))).toBe(true);
      }
  });

  test('is taken only as far as the socket has room', async () => {
    const { share, node } = await world();
    const { descriptor } = await connection();
    let taken = 0;
    let last = 1;
    for (let i = 0; i < 200 && last > 0; i++) {
      const stretch = share.stretch(node, 0, MIB);
      if (stretch === undefined) throw new Error('not at hand');
      last = stretch.send(descriptor, 0);
      expect(last).toBeLessThanOrEqual(MIB);
      taken += last;
      stretch.release();
    }
    expect(last).toBe(0);
    expect(taken).toBeGreaterThan(0);
  });

  test.runIf(isOnDisk)(
    'is not there after the host has let go of it, and read to memory all the same',
    async () => {
      const { folder, share, node } = await world();
      const held = share.stretch(node, 3, MIB);
      const isGone = () => {
        const found = share.stretch(node, 0, MIB);
        found?.release();
        return found === undefined;
      };
      await dropCached(hostFile(folder, node), isGone);
      expect(isGone()).toBe(true);
      if (held === undefined) throw new Error('not at hand');
      // It is not waited for, though it was there when this was made.
      const { descriptor } = await connection();
      expect(held.send(descriptor, 0)).toBe(0);
      const target = Buffer.alloc(100_000);
      await held.read(50_000, target);
      expect(target.equals(CONTENT.subarray(50_003, 150_003))).toBe(true);
      held.release();
      // Reading brings it back.
      const whole = Buffer.alloc(CONTENT.length);
      await share.read(node, 0, whole);
      const again = share.stretch(node, 0, MIB);
      expect(again?.length).toBe(MIB);
      again?.release();
    },
  );

  test('does not reach beyond what the host has: a hole at the end is read', async () => {
    const { share, node } = await world();
    await share.setAttributes(node, ALICE, { size: 4 * MIB });
    expect(share.stretch(node, MIB + 6, MIB)).toBeUndefined();
    expect(share.stretch(node, 3 * MIB, MIB)).toBeUndefined();
    expect(share.stretch(node, 3 * MIB + 1, MIB)).toBeUndefined();
    const stretch = share.stretch(node, 0, MIB);
    expect(stretch).toBeDefined();
    stretch?.release();
  });

  test('and is cut meanwhile is zeros from there on', async () => {
    const { folder, share, node } = await world();
    const stretch = share.stretch(node, 0, MIB);
    if (stretch === undefined) throw new Error('not at hand');
    fs.truncateSync(hostFile(folder, node), 10_000);
    const { descriptor } = await connection();
    expect(stretch.send(descriptor, 0)).toBe(10_000);
    expect(stretch.send(descriptor, 10_000)).toBe(0);
    const target = Buffer.alloc(20_000, 1);
    await stretch.read(5000, target);
    expect(target.subarray(0, 5000).equals(CONTENT.subarray(5000, 10_000))).toBe(true);
    expect(target.subarray(5000).every((byte) => byte === 0)).toBe(true);
    stretch.release();
  });

  test('stays open while it is sent, though the file is removed', async () => {
    const { share, node } = await world();
    const stretch = share.stretch(node, 7, MIB - 7);
    if (stretch === undefined) throw new Error('not at hand');
    share.remove(share.root(), ALICE, 'f');
    await share.stable();
    expect((await through(stretch)).equals(CONTENT.subarray(7, MIB))).toBe(true);
  });

  test('is refused to a socket that is gone', async () => {
    const { share, node } = await world();
    const stretch = share.stretch(node, 0, MIB);
    if (stretch === undefined) throw new Error('not at hand');
    const { descriptor, near, peer } = await connection();
    peer.resetAndDestroy();
    near.resume();
    const failed = async () => {
      for (;;) {
        stretch.send(descriptor, 0);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    expect(await refusal(failed)).toMatch(/^(EPIPE|ECONNRESET|EBADF)$/);
    stretch.release();
    const other = share.stretch(node, 0, MIB);
    expect(other, 'it says nothing of the file').toBeDefined();
    other?.release();
  });

  test('and is sent at a time has a limit', async () => {
    const { share, node } = await world();
    const held = Array.from({ length: MAX_STRETCHES }, () => share.stretch(node, 0, MIB));
    expect(held.every((stretch) => stretch !== undefined)).toBe(true);
    expect(share.stretch(node, 0, MIB)).toBeUndefined();
    for (const stretch of held) stretch?.release();
    const after = share.stretch(node, 0, MIB);
    expect(after).toBeDefined();
    after?.release();
  });
});

test('what is small, in memory, behind the end or no file is not sent from where it lies', async () => {
  const { share, node } = await world();
  expect(share.stretch(node, 0, SEND_FROM_BYTES - 1)).toBeUndefined();
  expect(share.stretch(node, CONTENT.length - MIB + 1, MIB)).toBeUndefined();
  expect(await refusal(() => share.stretch(share.root(), 0, MIB))).toBe('EISDIR');
  const { openMemoryDirectory } = await import('../src/index.ts');
  const memory = await newShare({ name: 'memory', open: async () => openMemoryDirectory() });
  const kept = memory.createFile(memory.root(), ALICE, 'f', { mode: 0o644 });
  await memory.write(kept, 0, CONTENT, Stability.UNSTABLE);
  expect(memory.stretch(kept, 0, MIB)).toBeUndefined();
});
