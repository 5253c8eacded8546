import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import {
  authSys,
  BindFromClient,
  BindFromServer,
  CreateSessionFlag,
  DEFAULT_BACK,
  DEFAULT_FORE,
  ExchangeIdFlag,
  NfsStatusError,
  ops,
  SequenceStatus,
  Status,
} from '../../src/client/index.ts';
import { startServer } from '../support/server.ts';
import { refused, suite } from '../support/suite.ts';

const OTHER = authSys({ uid: 1111, gid: 37, machine: 'other' });

suite('clients and sessions', ({ start, minor, session }) => {
  it('makes a client id, confirms it by CREATE_SESSION, and tells so', async () => {
    await using server = await start();
    const client = server.client({ minor });
    const first = await client.exchangeId();
    expect(first.flags & ExchangeIdFlag.CONFIRMED_R).toBe(0);
    expect(first.flags & ExchangeIdFlag.MASK_PNFS).toBe(ExchangeIdFlag.USE_NON_PNFS);
    expect(first.serverOwner.majorId.length).toBeGreaterThan(0);
    expect(first.serverScope.length).toBeGreaterThan(0);
    await client.createSession();
    const again = await client.exchangeId();
    expect((again.flags & ExchangeIdFlag.CONFIRMED_R) !== 0).toBe(true);
    expect(again.clientId).toBe(first.clientId);
  });

  it('has another identity on each server', async () => {
    await using one = await start();
    await using two = await startServer();
    const a = await one.client().exchangeId();
    const b = await two.client().exchangeId();
    expect(a.serverOwner.majorId).not.toEqual(b.serverOwner.majorId);
    expect(a.serverScope).not.toEqual(b.serverScope);
  });

  it('goes through the cases of EXCHANGE_ID (RFC 8881 §18.35.4)', async () => {
    await using server = await start();
    const client = server.client({ minor });
    const update = { flags: ExchangeIdFlag.UPD_CONFIRMED_REC_A >>> 0 };
    await refused(client.exchangeId(update), 'NFS4ERR_NOENT');
    const unconfirmed = await client.exchangeId();
    await refused(client.exchangeId(update), 'NFS4ERR_NOENT');
    const replaced = await client.exchangeId();
    expect(replaced.clientId).not.toBe(unconfirmed.clientId);
    const s = await client.createSession();
    expect((await client.exchangeId(update)).clientId).toBe(replaced.clientId);
    await refused(client.exchangeId({ ...update, verifier: randomBytes(8) }), 'NFS4ERR_NOT_SAME');
    await refused(client.exchangeId(update, { credential: OTHER }), 'NFS4ERR_PERM');
    // Row 19 of the trunking table: another principal does not drop a confirmed client.
    await refused(
      client.exchangeId({ verifier: randomBytes(8) }, { credential: OTHER }),
      'NFS4ERR_CLID_INUSE',
    ).catch(async () => expect((await s.renew()).sequence).toBeGreaterThan(0));
    await s.renew();
    await refused(client.exchangeId({ flags: 0x8000 }), 'NFS4ERR_INVAL');
    const id = { domain: 'example.org', name: 'n', date: { sec: 0, nsec: 0 } };
    await client.exchangeId({ implementations: [id] });
    await refused(client.exchangeId({ implementations: [id, id] }), 'NFS4ERR_BADXDR');
  });

  it('drops the state of a client that started anew only when its session confirms it', async () => {
    await using server = await start();
    const old = await session(server);
    const client = server.client({ minor, ownerId: old.client.ownerId });
    await client.exchangeId();
    await old.renew();
    await client.createSession();
    await refused(old.renew(), 'NFS4ERR_BADSESSION');
  });

  it('answers a CREATE_SESSION that comes again from its cache', async () => {
    await using server = await start();
    const client = server.client({ minor });
    await client.exchangeId();
    const args = client.sessionArgs();
    await refused(
      client.run([ops.createSession({ ...args, sequence: args.sequence + 1 })]),
      'NFS4ERR_SEQ_MISORDERED',
    );
    await refused(
      client.run([ops.createSession({ ...args, sequence: args.sequence - 1 })]),
      'NFS4ERR_SEQ_MISORDERED',
    );
    const first = await client.compound([ops.createSession(args)]);
    const again = await client.compound([ops.createSession(args)]);
    expect(again.raw.equals(first.raw)).toBe(true);
    expect(server.server.stats().sessions).toBe(1);
    await refused(client.run([ops.createSession({ ...args, clientId: 12345n })]), 'NFS4ERR_STALE_CLIENTID');
  });

  it('negotiates channels within what was asked', async () => {
    await using server = await start();
    const client = server.client({ minor });
    await client.exchangeId();
    const fore = { ...DEFAULT_FORE, maxRequests: 5, maxOperations: 7, maxRequest: 9000, maxResponse: 8000 };
    const s = await client.createSession({ fore });
    expect(s.fore.maxRequests).toBeLessThanOrEqual(5);
    expect(s.fore.maxOperations).toBeLessThanOrEqual(7);
    expect(s.fore.maxRequest).toBeLessThanOrEqual(9000);
    expect(s.fore.maxResponse).toBeLessThanOrEqual(8000);
    const many = await client.createSession({ fore: { ...DEFAULT_FORE, maxRequests: 100_000 } });
    expect(many.fore.maxRequests).toBeLessThan(100_000);
    for (const bad of [
      { fore: { ...DEFAULT_FORE, maxResponse: 0 } },
      { fore: { ...DEFAULT_FORE, maxRequest: 20 } },
      { back: { ...DEFAULT_BACK, maxRequest: 10 } },
    ]) {
      await refused(client.createSession(bad), 'NFS4ERR_TOOSMALL');
    }
    await refused(client.createSession({ flags: 0xf }), 'NFS4ERR_INVAL');
    await client.createSession();
  });

  it('grants a back channel where asked, and none where not', async () => {
    await using server = await start();
    const client = server.client({ minor });
    await client.exchangeId();
    const both = await client.createSession();
    expect(both.flags & CreateSessionFlag.CONN_BACK_CHAN).toBe(CreateSessionFlag.CONN_BACK_CHAN);
    const fore = await client.createSession({ flags: 0 });
    expect(fore.flags & CreateSessionFlag.CONN_BACK_CHAN).toBe(0);
    const flags = (await both.renew()).statusFlags;
    expect(flags & (SequenceStatus.CB_PATH_DOWN | SequenceStatus.CB_PATH_DOWN_SESSION)).toBe(0);
    // Row 5: a session without a back channel gets no BOTH.
    const connection = await client.newConnection();
    expect(await fore.bind(connection, BindFromClient.FORE_OR_BOTH)).toBe(BindFromServer.FORE);
  });

  it('destroys a session and a client, each when nothing is left in the way', async () => {
    await using server = await start();
    const s = await session(server);
    const { client } = s;
    const second = await client.createSession();
    await refused(client.destroyClientId(), 'NFS4ERR_CLIENTID_BUSY');
    await s.destroy();
    await refused(s.renew(), 'NFS4ERR_BADSESSION');
    await second.renew();
    await second.run([ops.destroySession(second.id)]).catch((error: unknown) => {
      if (!(error instanceof NfsStatusError) || error.status !== Status.NOT_ONLY_OP) throw error;
    });
    await client.run([ops.destroySession(second.id)]).catch(() => undefined);
    await refused(client.run([ops.destroySession(second.id)]), 'NFS4ERR_BADSESSION');
    await client.destroyClientId();
    await refused(client.destroyClientId(), 'NFS4ERR_STALE_CLIENTID');
    expect(server.server.stats()).toMatchObject({ clients: 0, sessions: 0 });
  });

  it('wants sessionless operations alone, and all others behind SEQUENCE', async () => {
    await using server = await start();
    const s = await session(server);
    const { client } = s;
    await refused(client.run([ops.putrootfh()]), 'NFS4ERR_OP_NOT_IN_SESSION');
    await refused(client.run([ops.destroyClientId(0n), ops.reclaimComplete()]), 'NFS4ERR_NOT_ONLY_OP');
    await refused(client.run([ops.destroySession(s.id), ops.putrootfh()]), 'NFS4ERR_NOT_ONLY_OP');
    const bind = ops.bindConnToSession(s.id, BindFromClient.FORE);
    // Row 21.
    await refused(client.run([bind, ops.putrootfh()]), 'NFS4ERR_NOT_ONLY_OP');
    await refused(s.run([bind]), 'NFS4ERR_NOT_ONLY_OP');
    await refused(
      s.run([ops.sequence({ sessionId: s.id, sequence: 1, slot: 1, highestSlot: 1, cacheThis: false })]),
      'NFS4ERR_SEQUENCE_POS',
    );
    expect((await client.compound([])).status).toBe(Status.OK);
  });

  it('completes a reclaim once', async () => {
    await using server = await start();
    const client = server.client({ minor });
    await client.exchangeId();
    const s = await client.createSession();
    await s.run([ops.putrootfh(), ops.reclaimComplete(true)]);
    await s.reclaimComplete();
    await refused(s.reclaimComplete(), 'NFS4ERR_COMPLETE_ALREADY');
  });

  it('serves several clients and sessions on one connection', async () => {
    await using server = await start();
    const one = server.client({ minor });
    const connection = await one.newConnection();
    await one.exchangeId({}, { connection });
    const s1 = await one.createSession({}, { connection });
    const s2 = await one.createSession({}, { connection });
    const two = server.client({ minor });
    await two.exchangeId({}, { connection });
    const s3 = await two.createSession({}, { connection });
    for (const s of [s1, s2, s3]) await s.renew({ connection });
    expect(server.server.stats()).toMatchObject({ clients: 2, sessions: 3, connections: 1 });
  });

  it('sets the callback program and security by BACKCHANNEL_CTL', async () => {
    await using server = await start();
    const s = await session(server);
    await s.run([ops.backchannelCtl(0x40000001, [{ flavor: 1, credential: { uid: 7, gid: 7 } }])]);
    await refused(s.run([ops.backchannelCtl(0x40000001, [])]), 'NFS4ERR_INVAL').catch(() => undefined);
    await s.renew();
  });
});
