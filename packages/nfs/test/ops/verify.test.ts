import { expect, it } from 'vitest';
import { Attr, ops } from '../../src/client/index.ts';
import { refused, suite } from '../support/suite.ts';

const WRITE_ONLY: readonly number[] = [
  Attr.TIME_ACCESS_SET,
  Attr.TIME_MODIFY_SET,
  Attr.MODE_SET_MASKED,
  Attr.MODE_UMASK,
];

suite('VERIFY and NVERIFY', ({ start, files }) => {
  it('agree with GETATTR on each attribute, and on all at once', async () => {
    await using server = await start();
    const f = await files(server);
    const file = await f.writeFile('file', 'some text');
    const { supportedAttrs = [] } = await f.getattr(file);
    const comparable = supportedAttrs.filter((a) => a !== Attr.RDATTR_ERROR && !WRITE_ONLY.includes(a));
    for (const asked of [...comparable.map((attr) => [attr]), comparable]) {
      const [, raw] = await f.session.run([ops.putfh(file), ops.getattrRaw(asked)]);
      await f.session.run([ops.putfh(file), ops.verify(raw)]);
      await refused(f.session.run([ops.putfh(file), ops.nverify(raw)]), 'NFS4ERR_SAME');
    }
  });

  it('see the difference', async () => {
    await using server = await start();
    const f = await files(server);
    const file = await f.writeFile('file', 'some text');
    const [, raw] = await f.session.run([ops.putfh(file), ops.getattrRaw([Attr.CHANGE, Attr.SIZE])]);
    await f.setattr(file, { mode: 0o600 });
    await refused(f.session.run([ops.putfh(file), ops.verify(raw)]), 'NFS4ERR_NOT_SAME');
    await f.session.run([ops.putfh(file), ops.nverify(raw)]);
    const longer = { mask: raw.mask, values: Buffer.concat([raw.values, Buffer.alloc(4)]) };
    await refused(f.session.run([ops.putfh(file), ops.verify(longer)]), 'NFS4ERR_NOT_SAME');
    await refused(
      f.session.run([ops.putfh(file), ops.verify({ mask: [], values: raw.values })]),
      'NFS4ERR_NOT_SAME',
    );
    await f.session.run([ops.putfh(file), ops.verify({ mask: [], values: Buffer.alloc(0) })]);
  });

  it('refuse what has no value to compare with', async () => {
    await using server = await start();
    const f = await files(server);
    const file = await f.writeFile('file', '');
    const values = Buffer.alloc(16);
    for (const op of [ops.verify, ops.nverify]) {
      for (const attr of [Attr.RDATTR_ERROR, ...WRITE_ONLY]) {
        await refused(f.session.run([ops.putfh(file), op({ mask: [attr], values })]), 'NFS4ERR_INVAL');
      }
      for (const attr of [Attr.ACL, Attr.HIDDEN, 99, 200]) {
        await refused(f.session.run([ops.putfh(file), op({ mask: [attr], values })]), 'NFS4ERR_ATTRNOTSUPP');
      }
    }
    expect(server.faults).toEqual([]);
  });
});
