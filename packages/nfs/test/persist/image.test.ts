import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readImage } from '../../src/nfs4/persist/image.ts';
import { Persistence } from '../../src/nfs4/persist/persistence.ts';
import { decodeSlot, encodeSlot } from '../../src/nfs4/persist/slot-codec.ts';
import { XdrError, XdrReader, XdrWriter } from '../../src/xdr/index.ts';
import { Bench } from '../state/support.ts';
import { MemoryJournal } from '../support/memory-journal.ts';

const TWO_64 = 1n << 64n;

/** The records of a state with something of every kind. */
function filled(): { journal: MemoryJournal; records: [string, Buffer][]; bench: Bench } {
  const bench = new Bench();
  const { state } = bench;
  const journal = new MemoryJournal();
  const persistence = new Persistence(journal, state, undefined);
  const client = bench.confirmed('a');
  client.implementation = { domain: 'example', name: 'näme' };
  client.createReply = Buffer.from('reply');
  const session = bench.session(client);
  session.noteBack(2, 7);
  const open = bench.open(client, 'owner\xff', 'f', 3, 2);
  const lock = state.locks.obtain(client, Buffer.from('locker'), open);
  state.locks.lock(lock, true, 5n, 9n);
  state.locks.lock(lock, false, 20n, TWO_64);
  state.locks.wait({
    open,
    owner: Buffer.from('waits\xff', 'latin1'),
    exclusive: true,
    start: 7n,
    end: TWO_64,
  });
  state.delegations.grant(bench.open(client, 'other', 'g', 1), 1, 17);
  const revoked = state.delegations.grant(bench.open(client, 'other', 'h', 1), 1, 18);
  state.delegations.revoke(revoked);
  const slot = session.slots.find(1)!;
  slot.begin(9, 0xfedcba98);
  persistence.settle(session, slot, new XdrWriter().u32(1).opaque(Buffer.from('abcde')), 4, true);
  persistence.flush();
  const records = journal.keys().map((key): [string, Buffer] => [key, journal.get(key)!]);
  return { journal, records, bench };
}

describe('the records of the journal', () => {
  it('say all that a client would miss', () => {
    const { records } = filled();
    const image = readImage(records)!;
    expect(image.server).toMatchObject({ instance: 1, stateidInstance: 7 });
    const [client] = image.clients.values();
    expect(client).toMatchObject({ confirmed: true, implementation: { name: 'näme' } });
    expect(client?.createReply?.toString()).toBe('reply');
    const [session] = image.sessions.values();
    expect(session).toMatchObject({ granted: 4, backSequences: [0, 0, 7] });
    const open = [...image.opens.values()].find(({ access }) => access === 3);
    expect(open).toMatchObject({ owner: 'owner\xff', access: 3, deny: 2, accessSeen: 8, denySeen: 4 });
    const [lock] = image.locks.values();
    expect(lock).toMatchObject({
      seqid: 2,
      ranges: [
        { exclusive: true, start: 5n, end: 9n },
        { exclusive: false, start: 20n, end: TWO_64 },
      ],
    });
    const [waiter] = image.waiters.values();
    const owner = Buffer.from('waits\xff', 'latin1');
    expect(waiter).toMatchObject({ owner, open: open?.number, exclusive: true, start: 7n, end: TWO_64 });
    const delegations = [...image.delegations.values()].sort((a, b) => a.number - b.number);
    expect(delegations.map(({ revoked }) => revoked)).toEqual([false, true]);
    const [slots] = image.slots.values();
    expect(slots?.get(1)).toMatchObject({ sequenceId: 9, digest: 0xfedcba98 });
  });

  it('go with what they stood for', () => {
    const { bench, journal } = filled();
    const persistence = new Persistence(journal, bench.state, undefined);
    for (const client of bench.state.clients) bench.state.removeClient(client, 'evicted');
    persistence.flush();
    expect(journal.keys()).toEqual(['server']);
  });

  it('that are damaged are refused, whatever the damage, and break nothing', () => {
    const { records } = filled();
    const damage = fc.record({
      at: fc.nat(records.length - 1),
      cut: fc.option(fc.nat(200)),
      byte: fc.nat(200),
      value: fc.nat(255),
    });
    fc.assert(
      fc.property(damage, ({ at, cut, byte, value }) => {
        const [key, whole] = records[at]!;
        const bad = Buffer.from(cut === null ? whole : whole.subarray(0, Math.min(cut, whole.length)));
        if (byte < bad.length) bad[byte] = value;
        const all = records.map((record): [string, Buffer] => (record[0] === key ? [key, bad] : record));
        try {
          readImage(all);
        } catch (error) {
          expect(error).toBeInstanceOf(XdrError);
        }
        // What is cut off and damaged besides may be whole by chance: a length that is shorter by as much.
        const isCut = bad.length < whole.length && bad.equals(whole.subarray(0, bad.length));
        if (isCut) expect(() => readImage(all)).toThrow(XdrError);
      }),
      { numRuns: 500 },
    );
  });

  it('that name what is not there, or are of an unknown kind, are refused', () => {
    const { records } = filled();
    expect(readImage([])).toBeUndefined();
    for (const prefix of ['server', 'c/', 's/', 'o/']) {
      const left = records.filter(([key]) => !key.startsWith(prefix));
      expect(() => readImage(left), prefix).toThrow(XdrError);
    }
    expect(() => readImage([...records, ['later/1', Buffer.alloc(4)]])).toThrow('not known');
  });

  it('of a slot come back as they went', () => {
    const word = fc.nat(0xffffffff);
    const reply = fc.option(fc.array(word, { minLength: 2, maxLength: 150 }), { nil: undefined });
    fc.assert(
      fc.property(word, word, reply, (sequenceId, digest, words) => {
        const written = words && new XdrWriter();
        for (const each of words ?? []) written?.u32(each);
        const out = new XdrWriter();
        encodeSlot(out, { sequenceId, digest }, written, 4);
        const back = decodeSlot(new XdrReader(out.bytes()));
        expect(back).toEqual({ sequenceId, digest, reply: written?.bytes(4) });
      }),
    );
  });
});
