import { describe, expect, it } from 'vitest';
import {
  DelegationType,
  type Files,
  OpenClaim,
  OpenWant,
  ops,
  ShareAccess,
  Status,
} from '../../src/client/index.ts';
import { startServer } from '../support/server.ts';
import { until } from '../support/suite.ts';

/** What the histories of the trunking suite have brought to light. */
describe('found by the trunking suite', () => {
  it('a CREATE_SESSION that comes again on another connection binds that one, as its reply says', async () => {
    await using server = await startServer();
    const client = server.client();
    await client.exchangeId();
    const first = await client.connection();
    const create = [ops.createSession(client.sessionArgs())] as const;
    const [created] = (await client.compound(create, { connection: first })).values();
    first.reset();
    await until(() => server.server.stats().connections === 0, 'the first connection is gone');
    const second = await client.newConnection();
    const [again] = (await client.compound(create, { connection: second })).values();
    expect(again).toEqual(created);
    const view = server.server.control.session(again.sessionId.toString('hex'));
    expect(view?.summary).toEqual({ fore: 0, back: 0, both: 1, total: 1 });
  });

  it('an OPEN that waits for a delegation leaves nothing behind when its client ends meanwhile', async () => {
    await using server = await startServer({ delegations: true, delegationRecallTimeout: 60 });
    const [holder, other] = [await server.files(), await server.files()];
    // It returns the delegation below, not by itself as soon as that is recalled.
    holder.session.client.callbacks.handlers = { recall: () => Status.OK };
    const handle = await holder.writeFile('file', 'x');
    const open = (files: Files, want: number) =>
      ops.open({ access: ShareAccess.BOTH | want, owner: files.owner, claim: { claim: OpenClaim.FH } });
    const held = await holder.session.compound([ops.putfh(handle), open(holder, OpenWant.WRITE_DELEG)]);
    const { delegation, stateid } = held.values()[1];
    if (delegation.type !== DelegationType.WRITE) throw new Error('no delegation');
    const waiting = other.session.compound([ops.putfh(handle), open(other, OpenWant.NO_DELEG)]);
    await until(() => server.server.control.counters().delegations.recalled === 1, 'the recall');
    const evicted = server.server.control.session(other.session.id.toString('hex'))!.client;
    expect(server.server.control.evictClient(evicted)).toBe(true);
    await holder.session.run([ops.putfh(handle), ops.delegreturn(delegation.stateid)]);
    await holder.session.run([ops.putfh(handle), ops.close({ ...stateid, seqid: 0 })]);
    expect((await waiting).status).toBe(Status.DEADSESSION);
    expect(server.server.stats().opens).toBe(0);
  });
});
