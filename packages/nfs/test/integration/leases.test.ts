import { expect, it } from 'vitest';
import { Files, ShareAccess, ShareDeny, Status } from '../../src/client/index.ts';
import { ManualClock } from '../support/fakes.ts';
import { refused, suite } from '../support/suite.ts';

const LEASE = 10;

suite('leases', ({ start, minor, session }) => {
  it('keeps the state of a client that is silent beyond its lease, until somebody conflicts', async () => {
    const clock = new ManualClock();
    await using server = await start({ clock, leaseTime: LEASE });
    const a = await Files.mount(await session(server), '/export');
    const held = await a.open('held', { access: 3, deny: ShareDeny.WRITE, create: 'guarded' });
    await held.lock();
    clock.advance(5 * LEASE);
    expect((await held.read(0, 1)).eof).toBe(true);
    clock.advance(5 * LEASE);
    const b = await Files.mount(await session(server), '/export');
    const reader = await b.open('held', { access: ShareAccess.READ });
    await reader.close();
    expect((await held.read(0, 1)).eof).toBe(true);

    clock.advance(LEASE + 1);
    const c = await Files.mount(await session(server), '/export');
    const taken = await c.open('held', { access: ShareAccess.WRITE });
    await taken.lock({ type: 2 });
    await refused(held.read(0, 1), 'NFS4ERR_BADSESSION', 'NFS4ERR_EXPIRED', 'NFS4ERR_BAD_STATEID');
    expect(server.events.some((event) => event.type === 'client_removed' && event.reason === 'expired')).toBe(
      true,
    );
  });

  it('gives a lock of an expired client to who asks for it', async () => {
    const clock = new ManualClock();
    await using server = await start({ clock, leaseTime: LEASE });
    const a = await Files.mount(await session(server), '/export');
    const held = await a.open('held', { access: 3, create: 'guarded' });
    await held.lock();
    const b = await Files.mount(await session(server), '/export');
    const other = await b.open('held', { access: 3 });
    await refused(other.lock(), 'NFS4ERR_DENIED');
    clock.advance(LEASE - 1);
    await b.session.renew();
    await refused(other.lock(), 'NFS4ERR_DENIED');
    clock.advance(2);
    await other.lock();
    expect(server.server.stats()).toMatchObject({ clients: 1, sessions: 1, opens: 1, locks: 1 });
  });

  it('renews a lease by any request of a session', async () => {
    const clock = new ManualClock();
    await using server = await start({ clock, leaseTime: LEASE });
    const a = await Files.mount(await session(server), '/export');
    const held = await a.open('held', { access: 3, create: 'guarded' });
    await held.lock();
    const b = await Files.mount(await session(server), '/export');
    const other = await b.open('held', { access: 3 });
    for (let i = 0; i < 5; i++) {
      clock.advance(LEASE - 1);
      await a.session.renew();
      await b.session.renew();
      await refused(other.lock(), 'NFS4ERR_DENIED');
    }
  });

  it('does not take a client for silent while its request runs', async () => {
    const clock = new ManualClock();
    await using server = await start({ clock, leaseTime: LEASE });
    const a = await Files.mount(await session(server), '/export');
    const held = await a.open('held', { access: 3, create: 'guarded' });
    await held.write(0, 'x');
    clock.advance(LEASE + 1);
    await a.session.renew();
    expect((await held.read(0, 1)).data.toString()).toBe('x');
  });

  it('forgets client ids that nobody confirmed', async () => {
    const clock = new ManualClock();
    await using server = await start({ clock, leaseTime: LEASE });
    const client = server.client({ minor });
    await client.exchangeId();
    clock.advance(LEASE + 2);
    // The server looks at leases once a second of its own time.
    const end = performance.now() + 3000;
    while (server.server.stats().clients > 0 && performance.now() < end) await client.ping();
    await refused(client.createSession(), 'NFS4ERR_STALE_CLIENTID');
  });

  it('tells the lease time, and keeps to it', async () => {
    await using server = await start({ leaseTime: 33 });
    const f = await Files.mount(await session(server), '/export');
    expect((await f.getattr('')).leaseTime).toBe(33);
    expect((await f.session.compound([])).status).toBe(Status.OK);
  });
});
