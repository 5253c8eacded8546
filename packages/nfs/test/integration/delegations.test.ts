import { expect, it } from 'vitest';
import {
  ANONYMOUS_STATEID,
  Attr,
  CbOp,
  DelegationType,
  Files,
  type OpenFile,
  OpenWant,
  ops,
  SequenceStatus,
  ShareAccess,
  type Stateid,
  Status,
} from '../../src/client/index.ts';
import { ManualClock } from '../support/fakes.ts';
import { refused, suite, until } from '../support/suite.ts';

const { delegreturn, freeStateid, putfh, read, rename, savefh, testStateid } = ops;

const LEASE = 10;

/** The stateid of an open's delegation; fails where there is none. */
function delegated(file: OpenFile): Stateid {
  const { delegation } = file;
  if (delegation.type !== DelegationType.READ && delegation.type !== DelegationType.WRITE) {
    throw new Error(`delegation type ${delegation.type}`);
  }
  return delegation.stateid;
}

suite('delegations', ({ start, files, minor }) => {
  const on = { delegations: true };

  /** A client that gives back at once what is recalled. */
  async function obliging(mount: Files, file: () => Buffer): Promise<Stateid[]> {
    const returned: Stateid[] = [];
    mount.session.client.callbacks.handlers = {
      recall: (args) => {
        returned.push(args.stateid);
        void mount.session.run([putfh(file()), delegreturn(args.stateid)]);
        return Status.OK;
      },
    };
    return returned;
  }

  async function shared(file: Files, name: string): Promise<void> {
    const made = await file.open(name, {
      access: ShareAccess.BOTH | OpenWant.NO_DELEG,
      create: 'guarded',
      attributes: { mode: 0o666 },
    });
    await made.write(0, 'before');
    await made.close();
  }

  it('are granted by what the open does and by what others have open', async () => {
    await using server = await start(on);
    const [a, b] = [await files(server), await files(server)];
    await shared(a, 'f');
    await shared(a, 'g');
    const reader = await a.open('f', { access: ShareAccess.READ });
    expect(reader.delegation.type).toBe(DelegationType.READ);
    expect((await b.open('f', { access: ShareAccess.READ })).delegation.type).toBe(DelegationType.READ);
    // For writing only on request.
    expect((await b.open('g', { access: ShareAccess.BOTH })).delegation.type).toBe(DelegationType.NONE);
    await shared(a, 'h');
    const writing = await a.open('h', { access: ShareAccess.BOTH | OpenWant.WRITE_DELEG });
    expect(writing.delegation.type).toBe(DelegationType.WRITE);
    const refusing = await a.open('f', { access: ShareAccess.READ | OpenWant.NO_DELEG });
    expect(refusing.delegation).toMatchObject({ type: DelegationType.NONE_EXT });
    const counts = server.server.control.counters().delegations;
    expect(counts).toMatchObject({ granted: 3, recalled: 0 });
  });

  it('are not granted without a way to call back, nor where they are switched off', async () => {
    await using off = await start({ delegations: false });
    const a = await files(off);
    await shared(a, 'f');
    const open = await a.open('f', { access: ShareAccess.READ | OpenWant.READ_DELEG });
    expect(open.delegation.type).toBe(DelegationType.NONE_EXT);

    await using server = await start(on);
    const session = await server.session({ minor }, { flags: 0 });
    const mount = await Files.mount(session, '/export');
    await shared(mount, 'f');
    expect((await mount.open('f')).delegation.type).toBe(DelegationType.NONE);
  });

  it('let the holder read after CLOSE, until it returns them', async () => {
    await using server = await start(on);
    const a = await files(server);
    await shared(a, 'f');
    const file = await a.open('f');
    const stateid = delegated(file);
    await file.close();
    const values = await a.session.run([putfh(file.handle), read(stateid, 0, 100)]);
    expect(values.at(-1)).toMatchObject({ eof: true });
    await a.session.run([putfh(file.handle), delegreturn(stateid)]);
    await refused(a.session.run([putfh(file.handle), read(stateid, 0, 100)]), 'NFS4ERR_BAD_STATEID');
  });

  it('are recalled by another client, whose open goes on once they are back', async () => {
    await using server = await start(on);
    const [a, b] = [await files(server), await files(server)];
    await shared(a, 'f');
    const file = await a.open('f');
    const returned = await obliging(a, () => file.handle);
    const writer = await b.open('f', { access: ShareAccess.WRITE });
    expect(returned).toEqual([delegated(file)]);
    expect(writer.delegation.type).not.toBe(DelegationType.WRITE);
    // It is known to be shared now: nobody gets one without asking.
    await writer.close();
    expect((await b.open('f')).delegation.type).toBe(DelegationType.NONE);
  });

  it('do not stand in the way of their holder', async () => {
    await using server = await start(on);
    const a = await files(server);
    await shared(a, 'f');
    delegated(await a.open('f'));
    await (await a.open('f', { access: ShareAccess.BOTH })).write(0, 'mine');
    await a.setattr('f', { mode: 0o600 });
    await a.rename('f', 'g');
    await a.remove('g');
    expect(a.session.client.callbacks.received).toEqual([]);
  });

  it('are recalled for another owner of the same client: it may have a second cache of the file (two mounts)', async () => {
    await using server = await start(on);
    const a = await files(server);
    const second = new Files(a.session, a.root);
    await shared(a, 'f');
    const file = await a.open('f');
    const returned = await obliging(a, () => file.handle);
    const writer = await second.open('f', { access: ShareAccess.BOTH });
    expect(returned).toEqual([delegated(file)]);
    await writer.write(0, 'behind');
    await file.close();
    expect((await a.open('f')).delegation.type).toBe(DelegationType.NONE);
  });

  const changes: readonly [string, (b: Files) => Promise<unknown>][] = [
    ['SETATTR', (b) => b.setattr('f', { mode: 0o600 })],
    ['REMOVE', (b) => b.remove('f')],
    ['RENAME', (b) => b.rename('f', 'h')],
    ['RENAME over it', (b) => b.rename('other', 'f')],
    ['LINK', (b) => b.link('f', 'h')],
  ];
  for (const [name, change] of changes) {
    it(`are recalled for ${name} by another client`, async () => {
      await using server = await start(on);
      const [a, b] = [await files(server), await files(server)];
      await shared(a, 'f');
      await shared(a, 'other');
      const file = await a.open('f');
      const returned = await obliging(a, () => file.handle);
      await change(b);
      expect(returned).toEqual([delegated(file)]);
    });
  }

  it('keep others waiting with DELAY while a recall is not answered, and are revoked in the end', async () => {
    const clock = new ManualClock();
    await using server = await start({ ...on, clock, leaseTime: LEASE, delegationRecallTimeout: 2 * LEASE });
    const [a, b] = [await files(server), await files(server)];
    await shared(a, 'f');
    a.session.client.callbacks.handlers = { recall: () => Status.OK };
    const file = await a.open('f');
    const stateid = delegated(file);
    const move = async () =>
      (await b.session.compound([putfh(b.root), savefh(), putfh(b.root), rename('f', 'g')])).status;
    expect(await move()).toBe(Status.DELAY);
    for (let i = 0; i < 2; i++) {
      clock.advance(LEASE);
      await a.session.renew();
      await b.session.renew();
    }
    await until(() => server.server.control.counters().delegations.revoked === 1, 'revoked');
    expect(await move()).toBe(Status.OK);
    const { statusFlags } = await a.session.renew();
    expect(statusFlags & SequenceStatus.RECALLABLE_STATE_REVOKED).not.toBe(0);
    await refused(a.session.run([putfh(file.handle), read(stateid, 0, 1)]), 'NFS4ERR_DELEG_REVOKED');
    const [statuses] = await a.session.run([testStateid([stateid])]);
    expect(statuses).toEqual([Status.DELEG_REVOKED]);
    await a.session.run([freeStateid(stateid)]);
    expect((await a.session.renew()).statusFlags & SequenceStatus.RECALLABLE_STATE_REVOKED).toBe(0);
  }, 20_000);

  it('go with a holder whose lease has ended, without a recall', async () => {
    const clock = new ManualClock();
    await using server = await start({ ...on, clock, leaseTime: LEASE });
    const [a, b] = [await files(server), await files(server)];
    await shared(a, 'f');
    delegated(await a.open('f'));
    clock.advance(LEASE - 1);
    await b.session.renew();
    clock.advance(2);
    await b.setattr('f', { mode: 0o600 });
    expect(a.session.client.callbacks.received).toEqual([]);
    expect(server.server.control.clients()).toHaveLength(1);
  });

  it('tell others what the holder has made of the file (CB_GETATTR)', async () => {
    await using server = await start(on);
    const [a, b] = [await files(server), await files(server)];
    await shared(a, 'f');
    const file = await a.open('f', { access: ShareAccess.BOTH | OpenWant.WRITE_DELEG });
    delegated(file);
    const asked = [Attr.CHANGE, Attr.SIZE];
    const before = await a.getattr('f', asked);
    expect(a.session.client.callbacks.received).toEqual([]);
    const change = before.change ?? 0n;
    const { callbacks } = a.session.client;
    callbacks.handlers = { getattr: () => ({ change, size: 6n }) };
    expect(await b.getattr('f', asked)).toEqual(before);
    callbacks.handlers = { getattr: () => ({ change: change + 1n, size: 4711n }) };
    const seen = await b.getattr('f', asked);
    expect(seen.size).toBe(4711n);
    expect(seen.change).toBeGreaterThan(change);
    // The same word again is no new change.
    expect(await b.getattr('f', asked)).toEqual(seen);
    expect(callbacks.received.filter((call) => call.ops[1]?.op === CbOp.GETATTR)).toHaveLength(3);
  });

  it('are recalled over another connection when the first is gone, and over a new session', async () => {
    await using server = await start(on);
    const [a, b] = [await files(server), await files(server)];
    await shared(a, 'f');
    const file = await a.open('f');
    await a.session.connections[0]!.close();
    await until(() => server.server.stats().connections === 1, 'the connection is gone');
    const waiting = b.setattr('f', { mode: 0o600 });
    const returned = await obliging(a, () => file.handle);
    await a.session.client.createSession();
    await waiting;
    expect(returned).toEqual([delegated(file)]);
  }, 20_000);

  /** Has A write what it holds back, and return the delegation, when that is recalled. */
  function writesBack(mount: Files, file: OpenFile, at: number): void {
    const stateid = delegated(file);
    const giveBack = async () => {
      await file.write(at, 'flushed');
      await mount.session.run([putfh(file.handle), delegreturn(stateid)]);
    };
    mount.session.client.callbacks.handlers = {
      recall: () => {
        void giveBack();
        return Status.OK;
      },
    };
  }

  it('is written back before a READ that recalled it looks how long the file is', async () => {
    await using server = await start(on);
    const [a, b] = [await files(server), await files(server)];
    await shared(a, 'f');
    const file = await a.open('f', { access: ShareAccess.BOTH | OpenWant.WRITE_DELEG });
    writesBack(a, file, 'before'.length);
    const [, found] = await b.session.run([putfh(file.handle), read(ANONYMOUS_STATEID, 0, 100)]);
    expect(found).toMatchObject({ eof: true, data: Buffer.from('beforeflushed') });
  });

  it('is written back before an OPEN that recalled it cuts the file', async () => {
    await using server = await start(on);
    const [a, b] = [await files(server), await files(server)];
    const made = await a.open('f', {
      access: ShareAccess.BOTH | OpenWant.NO_DELEG,
      create: 'guarded',
      attributes: { mode: 0o666 },
    });
    await made.close();
    const file = await a.open('f', { access: ShareAccess.BOTH | OpenWant.WRITE_DELEG });
    writesBack(a, file, 0);
    const cut = await b.open('f', {
      access: ShareAccess.BOTH,
      create: 'unchecked',
      attributes: { size: 0 },
    });
    expect((await cut.read(0, 100)).data.toString()).toBe('');
  });
});
