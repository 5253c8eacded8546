import { expect, it } from 'vitest';
import { CbOp, Files, LockType, type OpenFile } from '../../src/client/index.ts';
import { follow, Machine } from '../support/machine.ts';
import { seededRandom } from '../support/random.ts';
import { bothOpen, refused, suite, tryLock, until } from '../support/suite.ts';

const LIMIT_MS = 30_000;
const STEPS = 60;
const CELLS = 4;
const CLIENTS = 4;

/** Calls that told somebody of a lock. */
const notices = ({ files }: OpenFile): number =>
  files.session.client.callbacks.received.filter((call) => call.ops[1]?.op === CbOp.NOTIFY_LOCK).length;

/** Takes the lock of a byte, or comes to wait for it. */
const lockOrWait = (file: OpenFile, offset: number) =>
  tryLock(file, { type: LockType.WRITEW, offset, length: 1 });

/** Until the journal holds so many who wait: what a reply to a callback changes is written with the next reply to anybody. */
async function journaled(m: Machine, { files }: OpenFile, count: number): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  for (;;) {
    await files.session.renew();
    const found = m.store.journal.keys('w/').length;
    if (found === count) return;
    if (performance.now() > end) throw new Error(`${found} wait in the journal, not ${count}`);
  }
}

suite('who waits for a lock when the process ends', ({ start, minor }) => {
  const identity = (name: string) => ({
    ownerId: Buffer.from(name),
    verifier: Buffer.from('verifier'),
    minor,
  });
  const mount = async (m: Machine, name: string) =>
    Files.mount(await m.server.session(identity(name)), '/export');

  /** One holds the lock of byte 0, and the other waits for it. */
  async function scene(m: Machine): Promise<{ a: OpenFile; b: OpenFile; kill(): Promise<void> }> {
    const [one, two] = [await mount(m, 'a'), await mount(m, 'b')];
    const { a, b } = await bothOpen(one, two);
    expect(await lockOrWait(a, 0)).toBe(true);
    expect(await lockOrWait(b, 0)).toBe(false);
    const kill = async () => {
      await m.kill();
      for (const { session } of [one, two]) follow(session, m.server);
    };
    return { a, b, kill };
  }

  const bind = async ({ files: { session } }: OpenFile) =>
    void (await session.bind(await session.client.newConnection()));
  const told = (file: OpenFile, count: number) =>
    until(() => notices(file) === count, `${count} notices`, LIMIT_MS);

  it('is told by the next process when the holder unlocks', async () => {
    await using m = await Machine.on(start);
    const { a, b, kill } = await scene(m);
    await kill();
    await bind(b);
    await b.files.session.renew();
    expect(notices(b)).toBe(0);
    await a.unlock({ offset: 0, length: 1 });
    await told(b, 1);
    expect(await lockOrWait(b, 0)).toBe(true);
    await journaled(m, a, 0);
    expect(notices(b)).toBe(1);
  });

  it('is told as soon as its client has a back channel again, where the holder unlocked before that', async () => {
    await using m = await Machine.on(start);
    const { a, b, kill } = await scene(m);
    await kill();
    await a.unlock({ offset: 0, length: 1 });
    await b.files.session.renew();
    expect(notices(b)).toBe(0);
    await bind(b);
    await told(b, 1);
    await journaled(m, a, 0);
  });

  it('is told where the lock went free and the process ended before it was', async () => {
    await using m = await Machine.on(start);
    const { a, b, kill } = await scene(m);
    const { handlers } = b.files.session.client.callbacks;
    handlers.intercept = () => 'drop';
    await a.unlock({ offset: 0, length: 1 });
    await told(b, 1);
    await kill();
    delete handlers.intercept;
    await bind(b);
    // The lost call makes the next one's sequence id uncertain: it may take two.
    await until(() => notices(b) > 1, 'told after all', LIMIT_MS);
    expect(await lockOrWait(b, 0)).toBe(true);
    await journaled(m, a, 0);
  });

  it('is not told of a lock that somebody else has taken meanwhile, but of the next', async () => {
    await using m = await Machine.on(start);
    const { a, b, kill } = await scene(m);
    await kill();
    await a.unlock({ offset: 0, length: 1 });
    await a.lock({ offset: 0, length: 1 });
    await bind(b);
    await b.files.session.renew();
    expect(notices(b)).toBe(0);
    await a.unlock({ offset: 0, length: 1 });
    await told(b, 1);
  });

  it('waits through its open: with that, or its client, the record goes', async () => {
    await using m = await Machine.on(start);
    const { a, b, kill } = await scene(m);
    const c = await (await mount(m, 'c')).open('file', { access: 3 });
    expect(await lockOrWait(c, 0)).toBe(false);
    expect(m.store.journal.keys('w/')).toHaveLength(2);
    await b.close();
    expect(m.store.journal.keys('w/')).toHaveLength(1);
    const [evicted] = m.server.server.control.clients().filter(({ owner }) => owner === 'c');
    expect(m.server.server.control.evictClient(evicted!.id)).toBe(true);
    expect(m.store.journal.keys('w/')).toHaveLength(0);
    await kill();
    expect(m.events('state_restored')).toMatchObject([{ opens: 1, locks: 1 }]);
    await a.unlock({ offset: 0, length: 1 });
  });

  it('costs the journal one record, however often it asks, and who need not wait none', async () => {
    await using m = await Machine.on(start);
    const { a, b } = await scene(m);
    const [key = ''] = m.store.journal.keys('w/');
    const { units } = m.store.journal;
    expect(await lockOrWait(b, 0)).toBe(false);
    expect(await lockOrWait(b, 0)).toBe(false);
    expect(m.store.journal.keys('w/')).toEqual([key]);
    expect(m.store.journal.units).toBe(units);
    await refused(b.lock({ offset: 0, length: 1 }), 'NFS4ERR_DENIED');
    expect(await lockOrWait(a, 9)).toBe(true);
    expect(m.store.journal.units).toBe(units + 1);
    expect(m.store.journal.keys('w/')).toEqual([key]);
  });

  it('makes the start cold where its record is damaged, or its open is not there', async () => {
    for (const damage of ['cut', 'orphan'] as const) {
      await using m = await Machine.on(start);
      await scene(m);
      const { journal } = m.store;
      const [key = ''] = journal.keys('w/');
      const whole = journal.get(key)!;
      if (damage === 'cut') journal.set(key, whole.subarray(0, whole.length - 4));
      else {
        const orphan = Buffer.from(whole);
        orphan.writeUInt32BE(0xfffffff0, 8);
        journal.set(key, orphan);
      }
      await m.kill();
      expect(m.events('state_refused')).toHaveLength(1);
      expect(m.server.server.stats()).toMatchObject({ inGrace: true, locks: 0 });
      expect(m.store.journal.keys('w/')).toEqual([]);
    }
  });

  it.each([1, 2, 3])('is who it was, and is told once, wherever it is killed (seed %i)', async (seed) => {
    await using m = await Machine.on(start);
    const random = seededRandom(seed);
    const pick = (below: number) => Math.floor(random() * below);
    const files: OpenFile[] = [];
    for (let i = 0; i < CLIENTS; i++)
      files.push(await (await mount(m, `client ${i}`)).open('file', { access: 3, create: 'unchecked' }));
    const holders = new Map<number, number>();
    const waiting = new Map<number, number>();
    const bound = new Set(files.keys());
    const expected = files.map(() => 0);
    const tell = async (whom: readonly number[]) => {
      for (const who of whom) waiting.delete(who);
      for (const who of whom) await told(files[who]!, ++expected[who]!);
      for (const who of whom) await journaled(m, files[who]!, waiting.size);
    };
    const waitingFor = (cell: number) =>
      [...waiting].filter(([who, wanted]) => wanted === cell && bound.has(who)).map(([who]) => who);
    const bindAgain = async (who: number) => {
      await bind(files[who]!);
      bound.add(who);
      const wanted = waiting.get(who);
      if (wanted !== undefined && !holders.has(wanted)) await tell([who]);
    };
    for (let step = 0; step < STEPS; step++) {
      const who = pick(CLIENTS);
      const cell = pick(CELLS);
      const holder = holders.get(cell);
      switch (pick(6)) {
        case 0:
        case 1:
        case 2:
          expect(await lockOrWait(files[who]!, cell), `step ${step}`).toBe(
            holder === undefined || holder === who,
          );
          if (holder === undefined || holder === who) {
            holders.set(cell, who);
            waiting.delete(who);
          } else waiting.set(who, cell);
          break;
        case 3:
          if (holder === undefined) break;
          await files[holder]!.unlock({ offset: cell, length: 1 });
          holders.delete(cell);
          await tell(waitingFor(cell));
          break;
        case 4:
          if (!bound.has(who)) await bindAgain(who);
          break;
        default:
          await m.kill();
          for (const file of files) follow(file.files.session, m.server);
          bound.clear();
      }
      expect(m.store.journal.keys('w/'), `step ${step}`).toHaveLength(waiting.size);
      expect(files.map(notices), `step ${step}`).toEqual(expected);
    }
    for (const who of files.keys()) if (!bound.has(who)) await bindAgain(who);
    for (const [cell, holder] of holders) {
      await files[holder]!.unlock({ offset: cell, length: 1 });
      await tell(waitingFor(cell));
    }
    expect(waiting.size).toBe(0);
    expect(files.map(notices)).toEqual(expected);
  });
});
