import fs from 'node:fs';
import { join } from 'node:path';
import { Stability } from '@dfs/nfs';
import { describe, expect, test } from 'vitest';
import { pathOf } from '../src/content/host-files.ts';
import type { ContentStore } from '../src/content/index.ts';
import { openDataDirectory } from '../src/index.ts';
import { KEPT_WRITE_BYTES } from '../src/limits.ts';
import { Faults, faultyContent } from './faults/faulty.ts';
import {
  afterLoss,
  copyOf,
  expectAfterLoss,
  found,
  KIB,
  large,
  make,
  SHARE,
  small,
  start,
  write,
} from './kept-runs.ts';
import { cleanUpAfterEach, contentOf, ROOT, refusal } from './support.ts';

/** Small writes that the journal keeps until their files are synced. */

cleanUpAfterEach();

const { UNSTABLE, FILE_SYNC } = Stability;

describe('after a loss of power', () => {
  test('is there, though its file was never synced', async () => {
    const run = await start();
    const { share, synced } = run;
    const file = make(share);
    await write(share, file, 0, small('a', KEPT_WRITE_BYTES));
    await write(share, file, KIB, small('b'));
    await write(share, file, 2 * KEPT_WRITE_BYTES, small('c', 1));
    expect(synced.syncs).toBe(0);
    const expected = Buffer.alloc(2 * KEPT_WRITE_BYTES + 1);
    expected
      .fill('a', 0, KEPT_WRITE_BYTES)
      .fill('b', KIB, 2 * KIB)
      .fill('c', 2 * KEPT_WRITE_BYTES);
    await expectAfterLoss(run, expected);
  });

  test('one that is larger has its file synced', async () => {
    const run = await start();
    await write(run.share, make(run.share), 0, large('a'));
    expect(run.synced.syncs).toBe(1);
    await expectAfterLoss(run, large('a'));
  });

  test.each(['COMMIT', 'a larger write'])(
    'does not undo what came later and was made stable by %s',
    async (how) => {
      const run = await start();
      const { share } = run;
      const file = make(share);
      await write(share, file, 0, small('a'));
      if (how === 'COMMIT') {
        await write(share, file, 0, small('b'), UNSTABLE);
        await share.commit(file, 0, 0);
        await expectAfterLoss(run, small('b'));
        // The file is as safe as before: that takes no sync. What says so is to be stable all the same.
        await share.commit(file, 0, 0);
      } else await write(share, file, 0, large('b'));
      await expectAfterLoss(run, how === 'COMMIT' ? small('b') : large('b'));
      // And what comes behind that is kept as before.
      await write(share, file, 0, small('c', 2));
      await expectAfterLoss(
        run,
        Buffer.concat([Buffer.from('cc'), (how === 'COMMIT' ? small : large)('b').subarray(2)]),
      );
    },
  );

  test('is kept where it came while its file was synced for somebody else', async () => {
    const run = await start();
    const { share, faults } = run;
    const file = make(share);
    await write(share, file, 0, small('a'));
    await write(share, file, 0, small('b'), UNSTABLE);
    const gate = Promise.withResolvers<void>();
    faults.slowness = () => gate.promise;
    const committing = Promise.resolve(share.commit(file, 0, 0));
    // It is not in the copy that the sync brings to the disk.
    run.synced.content.set(file.fileid, small('b'));
    await write(share, file, 0, small('c'));
    gate.resolve();
    await committing;
    run.synced.content.set(file.fileid, small('b'));
    await expectAfterLoss(run, small('c'));
  });

  test('does not come back where the file was cut, and has grown again', async () => {
    const run = await start();
    const { share } = run;
    const file = make(share);
    await write(share, file, 0, small('a', 3 * KIB));
    await share.setAttributes(file, ROOT, { size: KIB });
    await share.stable();
    await share.setAttributes(file, ROOT, { size: 3 * KIB });
    await write(share, file, 2 * KIB, small('b', 1));
    const expected = Buffer.alloc(3 * KIB)
      .fill('a', 0, KIB)
      .fill('b', 2 * KIB, 2 * KIB + 1);
    await expectAfterLoss(run, expected);
  });

  test('a file that was removed stays so', async () => {
    const run = await start();
    const { share } = run;
    await write(share, make(share), 0, small('a'));
    await write(share, make(share, 'g'), 0, small('b'));
    share.remove(share.root(), ROOT, 'f');
    await share.stable();
    await expectAfterLoss(run, small('b'), 'g');
    for (const { path } of await afterLoss(run))
      expect(fs.existsSync(join(path, 'content', String(SHARE), pathOf(3)))).toBe(false);
  });

  test('is there where the journal was written anew, and many times', async () => {
    const run = await start({ keptContentBytes: 16 * KIB });
    const { share, directory } = run;
    const [file, other] = [make(share), make(share, 'g')];
    const rewrites = () => directory.figures.journal?.rewrites ?? 0;
    const before = rewrites();
    await write(share, other, 0, small('z'));
    for (let i = 0; rewrites() < before + 3; i++) {
      await write(share, file, (i % 100) * KIB, small(String.fromCharCode(97 + (i % 26))));
      if (i % 40 === 0) await expectAfterLoss(run, small('z'), 'g');
    }
    await expectAfterLoss(run, await contentOf(share, file));
  });

  test('is there where the journal could not be written any more', async () => {
    const run = await start();
    const { share, place, directory } = run;
    const file = make(share);
    await write(share, file, 0, small('a', 2 * KIB));
    place.failure = Object.assign(new Error('EIO: injected'), { code: 'EIO' });
    await write(share, file, KIB, small('b'));
    expect(directory.figures.journal?.lost).toBe(true);
    await write(share, file, 3 * KIB, small('c', 1));
    const path = await copyOf(run);
    fs.rmSync(join(path, 'content'), { recursive: true });
    const synced = run.synced.content.get(file.fileid);
    expect(synced?.equals(await contentOf(share, file))).toBe(true);
  });

  test('what was closed properly is as it was: the journal has nothing to add', async () => {
    const run = await start();
    const { share, directory } = run;
    const file = make(share);
    await write(share, file, 0, small('a'));
    await write(share, file, 0, small('b'), UNSTABLE);
    const verifier = Buffer.from(share.writeVerifier);
    await directory.close();
    const next = await start({ path: run.path, place: run.place, bootId: 'boot 2' });
    expect(Buffer.from(next.share.writeVerifier)).toEqual(verifier);
    expect(await contentOf(next.share, found(next.share))).toEqual(small('b'));
  });
});

describe('after the end of the process', () => {
  test('what was written later stays, and what was kept is on the disk', async () => {
    const run = await start();
    const { share, synced } = run;
    const file = make(share);
    await write(share, file, 0, small('a', 2 * KIB));
    await write(share, file, 0, small('b'), UNSTABLE);
    const verifier = Buffer.from(share.writeVerifier);
    // The engine has nothing to restore, but its part of the journal is whole.
    run.directory.stateStore.journal?.load();
    const next = await start({ path: await copyOf(run), place: run.place.copy(), synced });
    const again = found(next.share);
    expect(await contentOf(next.share, again)).toEqual(Buffer.concat([small('b'), small('a')]));
    expect(synced.content.get(again.fileid)).toEqual(Buffer.concat([small('b'), small('a')]));
    expect(Buffer.from(next.share.writeVerifier)).not.toHaveLength(0);
    expect(verifier).not.toHaveLength(0);
  });
});

describe('a file that cannot be synced', () => {
  test('stops the share, and the journal keeps what it has until it can', async () => {
    const run = await start({ keptContentBytes: 16 * KIB });
    const { share, faults, directory } = run;
    const [file, other] = [make(share), make(share, 'g')];
    await write(share, other, 0, small('z'));
    const rewrites = directory.figures.journal?.rewrites;
    faults.fail('sync', 'EIO');
    for (let i = 0; share.stopped === undefined; i++)
      await Promise.resolve(share.write(file, i * KIB, small('a'), FILE_SYNC))
        .then(() => share.stable())
        .catch(() => {});
    expect(share.stopped?.reason).toContain('sync');
    expect(directory.figures.journal?.rewrites).toBe(rewrites);
    await expectAfterLoss(run, small('z'), 'g');
    // The host has let go of what it could not write, and says that all is well.
    const lost = join(run.path, 'content', String(SHARE), pathOf(other.fileid));
    fs.truncateSync(lost, 0);
    const warm = await start({ path: await copyOf(run), place: run.place.copy(), synced: run.synced });
    expect(await contentOf(warm.share, found(warm.share, 'g'))).toEqual(small('z'));
    faults.heal();
    await directory.startShare(SHARE);
    expect(await contentOf(share, found(share, 'g'))).toEqual(small('z'));
    await expectAfterLoss(run, small('z'), 'g');
    // From now on the journal is written anew again.
    while (directory.figures.journal?.rewrites === rewrites) await write(share, file, 0, small('b'));
  });

  test('refuses a start that would let go of what the journal has', async () => {
    const run = await start();
    await write(run.share, make(run.share), 0, small('a'));
    const path = await copyOf(run);
    const faults = new Faults();
    faults.fail('sync', 'EIO');
    const options = {
      bootId: () => 'boot 2',
      between: { content: (store: ContentStore) => faultyContent(store, faults) },
    };
    const place = run.place.copy();
    expect(await refusal(() => openDataDirectory(path, { ...options, journalPlace: place }))).toBe(
      'UNUSABLE',
    );
    const next = await start({ path, place, bootId: 'boot 2' });
    expect(await contentOf(next.share, found(next.share))).toEqual(small('a'));
  });
});
