import { expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/limits.ts';
import { Status } from '../../src/nfs4/constants/index.ts';
import { ReplyCache, Slot } from '../../src/nfs4/state/slots.ts';
import { XdrWriter } from '../../src/xdr/index.ts';

it.each([
  ['gets the reply', true],
  ['has to ask once more where a part of the reply lies in a file', false],
])('who asks again while a request runs %s', async (_what, whole) => {
  const slot = new Slot(new ReplyCache(DEFAULT_LIMITS), 1, 0);
  slot.begin(1, 7);
  const again = slot.wait();
  const out = new XdrWriter().u32(1).u32(2);
  slot.finish(out, 4, false, whole);
  expect(await again).toEqual(whole ? Buffer.from([0, 0, 0, 2]) : Status.DELAY);
  expect(slot.reply).toBeUndefined();
});
