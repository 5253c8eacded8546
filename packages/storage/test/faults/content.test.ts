import { Stability } from '@dfs/nfs';
import { describe, expect, test } from 'vitest';
import type { DataDirectory } from '../../src/index.ts';
import { KEPT_WRITE_BYTES } from '../../src/limits.ts';
import {
  cleanUpAfterEach,
  cleanups,
  contentOf,
  list,
  names,
  ROOT,
  ROOT_DIRECTORY,
  refusal,
} from '../support.ts';
import { faultyContent } from './faulty.ts';
import { faultyWorld, type World } from './world.ts';

cleanUpAfterEach();

/** Only the content of share 1 fails. */
async function world(path?: string): Promise<World> {
  const made = await faultyWorld(
    (faults) => ({ content: (store, share) => (share === 1 ? faultyContent(store, faults) : store) }),
    path,
  );
  cleanups.push(() => made.directory.close());
  return made;
}

const open = (directory: DataDirectory, id: number) => directory.openShare(id, ROOT_DIRECTORY);
const X = Buffer.from('x');
/** Too large for the journal to keep. */
const LARGE = Buffer.alloc(KEPT_WRITE_BYTES + 1, 'x');

describe('a sync of content that fails', () => {
  test('stops the share alone; its changes of records are kept, and it starts once the cause is gone', async () => {
    const { directory, faults, events } = await world();
    const [share, other] = [await open(directory, 1), await open(directory, 2)];
    const file = share.createFile(share.root(), ROOT, 'f', {});
    const waiter = share.createFile(share.root(), ROOT, 'g', {});
    await share.write(file, 0, Buffer.from('abc'), Stability.UNSTABLE);
    await share.write(waiter, 0, Buffer.from('def'), Stability.UNSTABLE);
    await share.stable();
    const verifier = Buffer.from(share.writeVerifier);
    faults.fail('sync', 'EIO');
    const refused = [refusal(() => share.commit(file, 0, 0)), refusal(() => share.commit(waiter, 0, 0))];
    expect(await Promise.all(refused)).toEqual(['EIO', 'EIO']);
    for (const call of [
      () => share.lookup(share.root(), ROOT, 'f'),
      () => share.read(file, 0, Buffer.alloc(1)),
      () => share.write(file, 0, X, Stability.UNSTABLE),
      () => share.createFile(share.root(), ROOT, 'h', {}),
      () => share.remove(share.root(), ROOT, 'f'),
      () => share.access(share.resolve(Buffer.from(share.handle(file))), ROOT, 1),
    ]) {
      expect(await refusal(call)).toBe('EIO');
    }
    expect(share.stopped).toMatchObject({ cause: 'content', code: 'EIO', reason: 'EIO: injected, sync' });
    expect(events).toEqual([{ type: 'stopped', share: 1, stop: share.stopped }]);

    const theirs = other.createFile(other.root(), ROOT, 'f', {});
    expect(await other.write(theirs, 0, X, Stability.FILE_SYNC)).toBe(Stability.FILE_SYNC);
    expect(other.stopped).toBeUndefined();

    expect(await refusal(() => directory.startShare(1))).toBe('EIO');
    expect(share.stopped?.cause).toBe('content');
    faults.heal();
    await directory.startShare(1);
    expect(share.stopped).toBeUndefined();
    expect(Buffer.from(share.writeVerifier).equals(verifier)).toBe(false);
    expect(names(list(share, share.root()))).toEqual(['f', 'g']);
    await share.write(file, 0, Buffer.from('abc'), Stability.UNSTABLE);
    await share.commit(file, 0, 0);
    expect((await contentOf(share, file)).toString()).toBe('abc');
    await directory.startShare(1);
  });

  test('is started once where that is asked for twice', async () => {
    const { directory, faults } = await world();
    const share = await open(directory, 1);
    const file = share.createFile(share.root(), ROOT, 'f', {});
    faults.fail('sync', 'EIO');
    expect(await refusal(() => share.write(file, 0, LARGE, Stability.FILE_SYNC))).toBe('EIO');
    const failing = share.start();
    expect(share.start()).toBe(failing);
    expect(await refusal(() => failing)).toBe('EIO');
    faults.heal();
    const starting = share.start();
    expect(starting).not.toBe(failing);
    expect(share.start()).toBe(starting);
    const verifier = starting.then(() => Buffer.from(share.writeVerifier));
    await directory.startShare(1);
    expect(Buffer.from(share.writeVerifier)).toEqual(await verifier);
  });

  test('is not forgotten by a restart: unstable writes are asked for again', async () => {
    const first = await world();
    const share = await open(first.directory, 1);
    const file = share.createFile(share.root(), ROOT, 'f', {});
    await share.stable();
    await share.write(file, 0, X, Stability.UNSTABLE);
    const verifier = Buffer.from(share.writeVerifier);
    first.faults.fail('sync', 'EIO');
    expect(await refusal(() => share.commit(file, 0, 0))).toBe('EIO');
    await first.directory.close();
    cleanups.pop();
    const second = await world(first.path);
    const again = await open(second.directory, 1);
    expect(Buffer.from(again.writeVerifier).equals(verifier)).toBe(false);
    expect(names(list(again, again.root()))).toEqual(['f']);
  });

  test('whatever its reason', async () => {
    const { directory, faults } = await world();
    const share = await open(directory, 1);
    const file = share.createFile(share.root(), ROOT, 'f', {});
    faults.fail('sync', 'ENOSPC');
    expect(await refusal(() => share.write(file, 0, LARGE, Stability.FILE_SYNC))).toBe('EIO');
    expect(share.stopped?.reason).toContain('ENOSPC');
  });
});

describe('a write of content that fails', () => {
  test.each(['ENOSPC', 'EDQUOT', 'EROFS'])('with %s is refused so; the share goes on', async (code) => {
    const { directory, faults, events } = await world();
    const share = await open(directory, 1);
    const file = share.createFile(share.root(), ROOT, 'f', {});
    await share.write(file, 0, Buffer.from('abc'), Stability.FILE_SYNC);
    faults.fail('write', code);
    for (const stability of [Stability.UNSTABLE, Stability.FILE_SYNC]) {
      expect(await refusal(() => share.write(file, 1, X, stability))).toBe(code);
    }
    expect((await contentOf(share, file)).toString()).toBe('abc');
    expect([share.stopped, events]).toEqual([undefined, []]);
    faults.heal();
    await share.write(file, 1, X, Stability.FILE_SYNC);
    expect((await contentOf(share, file)).toString()).toBe('axc');
  });

  test.each([Stability.UNSTABLE, Stability.FILE_SYNC])(
    'with EIO stops the share (stability %s)',
    async (how) => {
      const { directory, faults, events } = await world();
      const share = await open(directory, 1);
      const file = share.createFile(share.root(), ROOT, 'f', {});
      await share.stable();
      faults.fail('write', 'EIO');
      expect(await refusal(() => share.write(file, 0, X, how))).toBe('EIO');
      expect(events.map((event) => event.type)).toEqual(['stopped']);
      expect(await refusal(() => share.attributes(file))).toBe('EIO');
      faults.heal();
      await directory.startShare(1);
      await share.write(file, 0, X, how);
      expect((await contentOf(share, file)).toString()).toBe('x');
    },
  );
});

test('a read of content that fails is refused, counted, and told of once; the share goes on', async () => {
  const { directory, faults, events } = await world();
  const share = await open(directory, 1);
  const file = share.createFile(share.root(), ROOT, 'f', {});
  await share.write(file, 0, X, Stability.FILE_SYNC);
  faults.fail('read', 'EIO');
  for (let i = 0; i < 3; i++) expect(await refusal(() => share.read(file, 0, Buffer.alloc(1)))).toBe('EIO');
  expect([share.readErrors, share.stopped]).toEqual([3, undefined]);
  expect(events).toEqual([{ type: 'read_failed', share: 1, reason: 'EIO: injected, read', count: 1 }]);
  await share.write(file, 1, X, Stability.FILE_SYNC);
  faults.heal();
  expect((await contentOf(share, file)).toString()).toBe('xx');
});
