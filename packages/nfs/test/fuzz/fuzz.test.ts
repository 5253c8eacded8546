import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RpcError, readAttributes, readAuthSys } from '../../src/client/index.ts';
import { readAuthSys as serverAuthSys } from '../../src/rpc/auth.ts';
import { readCallHeader } from '../../src/rpc/message.ts';
import { XdrError, XdrReader, XdrWriter } from '../../src/xdr/index.ts';
import { runEpoch } from './fuzzer.ts';
import { Mutator } from './mutate.ts';
import { fuzzRecords } from './target-records.ts';
import { fuzzTcp } from './target-tcp.ts';

const INPUTS = 20_000;
const TIMEOUT_MS = 120_000;
const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** Any bytes at all either decode or are refused by XdrError. */
function decodesOrRefuses(
  decode: (reader: XdrReader) => unknown,
  ...refusals: (new (
    ...args: never[]
  ) => Error)[]
) {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decode(new XdrReader(Buffer.from(bytes)));
      } catch (error) {
        expect([XdrError, ...refusals].some((kind) => error instanceof kind)).toBe(true);
      }
    }),
    { seed, numRuns: 1000 },
  );
}

describe(`fuzz, seed ${seed} (FUZZ_SEED runs one again)`, () => {
  it(
    'whole requests, in process',
    async () => {
      const counts = await runEpoch(seed, 0, INPUTS / 2);
      const more = await runEpoch(seed, 1, INPUTS / 2);
      const total = [...Object.values(counts), ...Object.values(more)].reduce((sum, count) => sum + count, 0);
      expect(total).toBe(INPUTS);
    },
    TIMEOUT_MS,
  );

  it('requests over TCP', () => fuzzTcp(seed, 500), TIMEOUT_MS);

  it('streams cut anywhere', () => {
    fc.assert(
      fc.property(fc.nat(), (start) => fuzzRecords(new Mutator(start))),
      { seed, numRuns: 2000 },
    );
  });

  it('headers and attributes of random bytes', () => {
    decodesOrRefuses(readCallHeader);
    decodesOrRefuses(serverAuthSys);
    decodesOrRefuses(readAttributes, RpcError);
    decodesOrRefuses((reader) => readAuthSys(reader.fixed(reader.remaining)));
  });

  it('XDR comes back as it went', () => {
    const value = fc.record({
      u32: fc.nat({ max: 0xffffffff }),
      i64: fc.maxSafeInteger(),
      u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      bool: fc.boolean(),
      bytes: fc.uint8Array({ maxLength: 40 }),
      text: fc.string({ unit: 'grapheme', maxLength: 20 }),
    });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 20 }), (list) => {
        const out = new XdrWriter(8);
        for (const each of list) {
          out
            .u32(each.u32)
            .i64(each.i64)
            .bigU64(each.u64)
            .bool(each.bool)
            .opaque(each.bytes)
            .string(each.text);
        }
        const reader = new XdrReader(out.bytes());
        for (const each of list) {
          expect(reader.u32()).toBe(each.u32);
          expect(reader.i64()).toBe(each.i64);
          expect(reader.bigU64()).toBe(each.u64);
          expect(reader.bool()).toBe(each.bool);
          expect(reader.opaque(40).equals(each.bytes)).toBe(true);
          expect(reader.opaque(1000).toString('utf8')).toBe(Buffer.from(each.text).toString('utf8'));
        }
        expect(reader.remaining).toBe(0);
      }),
      { seed, numRuns: 300 },
    );
  });
});
