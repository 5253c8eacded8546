import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AttributeArgs, writeAttributes } from '../../src/client/index.ts';
import { attributesOf } from '../../src/nfs4/attributes/bitmap.ts';
import { type DecodedChanges, readAttributeChanges } from '../../src/nfs4/attributes/decode.ts';
import { Attr, Status } from '../../src/nfs4/constants/index.ts';
import { statusOf } from '../../src/nfs4/errors.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { Bench } from '../ops/harness.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';

const fs = new MemoryFileSystem();
let bench: Bench;

beforeAll(async () => {
  bench = await Bench.of(fs as FileSystem, {
    domain: 'example.org',
    names: {
      uidOf: (name) => (name === 'alice' ? 1001 : undefined),
      gidOf: (name) => (name === 'staff' ? 50 : undefined),
    },
  });
});

function decode(
  attributes: AttributeArgs,
  purpose: 'create' | 'set' = 'set',
  minor: 1 | 2 = 2,
): DecodedChanges {
  const c = bench.compound(minor, fs.root(), (out) => writeAttributes(out, attributes));
  return readAttributeChanges(c, c.here, purpose);
}

function refusal(attributes: AttributeArgs, purpose: 'create' | 'set' = 'set', minor: 1 | 2 = 2): Status {
  try {
    decode(attributes, purpose, minor);
  } catch (error) {
    const status = statusOf(error);
    if (status === undefined) throw error;
    return status;
  }
  return Status.OK;
}

const time = fc.record({
  sec: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  nsec: fc.integer({ min: 0, max: 999_999_999 }),
});
const setTime = fc.oneof(fc.constant('server' as const), time);
const changes = fc.record(
  {
    size: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    owner: fc.integer({ min: 0, max: 0xfffffffe }),
    ownerGroup: fc.integer({ min: 0, max: 0xfffffffe }),
    timeAccess: setTime,
    timeCreate: time,
    timeModify: setTime,
  },
  { requiredKeys: [] },
);

const point = (t: 'server' | { sec: number; nsec: number } | undefined) => {
  if (t === undefined) return undefined;
  return t === 'server' ? 'now' : t;
};

describe('a fattr4 to be set', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(changes, ({ owner, ownerGroup, ...rest }) => {
        const decoded = decode({
          ...rest,
          ...(owner === undefined ? {} : { owner: String(owner) }),
          ...(ownerGroup === undefined ? {} : { ownerGroup: String(ownerGroup) }),
        });
        expect(decoded.changes.size).toBe(rest.size);
        expect(decoded.changes.mode).toBe(rest.mode);
        expect(decoded.changes.uid).toBe(owner);
        expect(decoded.changes.gid).toBe(ownerGroup);
        expect(decoded.changes.atime).toEqual(point(rest.timeAccess));
        expect(decoded.changes.btime).toEqual(point(rest.timeCreate));
        expect(decoded.changes.mtime).toEqual(point(rest.timeModify));
        expect(attributesOf(decoded.mask)).toHaveLength(Object.keys(decoded.changes).length);
      }),
    );
  });

  it('takes owners by number, by name and domain, and refuses others', () => {
    expect(decode({ owner: 'alice@example.org', ownerGroup: 'staff@EXAMPLE.org' }).changes).toEqual({
      uid: 1001,
      gid: 50,
    });
    for (const owner of [
      'bob@example.org',
      'alice@elsewhere',
      'alice',
      '',
      '-1',
      '4294967295',
      '01',
      'x'.repeat(2000),
    ]) {
      expect(refusal({ owner })).toBe(Status.BADOWNER);
    }
    expect(refusal({ owner: Buffer.from([0xff, 0xfe]) })).toBe(Status.INVAL);
  });

  it('refuses values that cannot be', () => {
    expect(refusal({ mode: 0o10000 })).toBe(Status.INVAL);
    expect(refusal({ timeModify: { sec: 1, nsec: 1_000_000_000 } })).toBe(Status.INVAL);
    expect(refusal({ timeCreate: { sec: 2 ** 60, nsec: 0 } })).toBe(Status.INVAL);
    expect(refusal({ size: 2n ** 63n })).toBe(Status.FBIG);
  });

  it('refuses what cannot be set, before it reads a value', () => {
    const nothing = Buffer.alloc(0);
    for (const attr of [
      Attr.SUPPORTED_ATTRS,
      Attr.TYPE,
      Attr.CHANGE,
      Attr.FILEID,
      Attr.TIME_MODIFY,
      Attr.RDATTR_ERROR,
    ]) {
      expect(refusal({ mask: [attr], values: nothing })).toBe(Status.INVAL);
    }
    for (const attr of [Attr.ACL, Attr.HIDDEN, Attr.MIMETYPE, Attr.DACL, Attr.SEC_LABEL, 90, 200]) {
      expect(refusal({ mask: [attr], values: nothing })).toBe(Status.ATTRNOTSUPP);
    }
    expect(refusal({ mask: [Attr.SIZE, Attr.TYPE, 200], values: nothing })).toBe(Status.ATTRNOTSUPP);
  });

  it('refuses bytes that are no values, and values with bytes behind them', () => {
    expect(refusal({ mask: [Attr.MODE], values: Buffer.alloc(3) })).toBe(Status.BADXDR);
    expect(refusal({ mask: [Attr.MODE], values: Buffer.alloc(8) })).toBe(Status.BADXDR);
    expect(refusal({ mask: [Attr.TIME_MODIFY_SET], values: Buffer.from([0, 0, 0, 2]) })).toBe(Status.BADXDR);
    expect(refusal({ mask: [Attr.OWNER], values: Buffer.from([0, 0, 0, 9, 65]) })).toBe(Status.BADXDR);
    expect(refusal({ mask: [], values: Buffer.alloc(0) })).toBe(Status.OK);
  });

  it('knows which kinds of mode go where (RFC 8881 §6.2.5, RFC 8275)', () => {
    const masked = { modeSetMasked: { mode: 0o4001, mask: 0o4003 } };
    expect(decode(masked, 'set', 1).maskedMode).toEqual({ value: 0o4001, mask: 0o4003 });
    expect(refusal(masked, 'create')).toBe(Status.INVAL);
    expect(refusal({ modeSetMasked: { mode: 0o10000, mask: 0 } })).toBe(Status.INVAL);
    expect(refusal({ modeSetMasked: { mode: 0, mask: 0o10000 } })).toBe(Status.INVAL);
    const umask = { modeUmask: { mode: 0o1777, umask: 0o022 } };
    expect(decode(umask, 'create').changes).toEqual({ mode: 0o1755 });
    expect(refusal(umask, 'set')).toBe(Status.INVAL);
    expect(refusal(umask, 'create', 1)).toBe(Status.ATTRNOTSUPP);
    expect(refusal({ modeUmask: { mode: 0o777, umask: 0o1000 } }, 'create')).toBe(Status.INVAL);
    expect(refusal({ ...umask, mode: 0o644 }, 'create')).toBe(Status.INVAL);
    expect(refusal({ ...masked, mode: 0o644 })).toBe(Status.INVAL);
  });

  it('never does worse than refuse, whatever the bytes', () => {
    const mask = fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 6 });
    fc.assert(
      fc.property(mask, fc.uint8Array({ maxLength: 64 }), (bits, values) => {
        const status = refusal({ mask: bits, values });
        expect([
          Status.OK,
          Status.INVAL,
          Status.ATTRNOTSUPP,
          Status.BADXDR,
          Status.BADOWNER,
          Status.FBIG,
        ]).toContain(status);
      }),
      { numRuns: 2000 },
    );
  });
});
