import { CbOp, CreateSessionFlag, Files, LockType, NfsClient, ops, Status } from '@dfs/nfs/client';
import { describe, expect, it } from 'vitest';
import { Child, portOf, startServer } from './helpers/child.ts';
import { scratchFolder } from './helpers/config.ts';

const ROUNDS = 5;
const PER_ROUND = 20;
const LIMIT_MS = 60_000;

describe.each(['power', 'crash'])('after kill -9 on a data directory, with durability %s', (durability) => {
  it('the same session goes on, with its opens and locks, and nothing runs twice', {
    timeout: 120_000,
  }, async () => {
    const data = scratchFolder();
    const args = ['--data', data, '--share', '/x,squash=none', '--durability', durability];
    let child = startServer(args);
    const options = { port: portOf(await child.ready()) };
    const flags = CreateSessionFlag.PERSIST | CreateSessionFlag.CONN_BACK_CHAN;
    const session = await NfsClient.start(options, { flags });
    expect(session.flags & CreateSessionFlag.PERSIST).toBe(CreateSessionFlag.PERSIST);
    const f = await Files.mount(session, '/x');
    const file = await f.open('locked', { access: 3, deny: 2, create: 'guarded' });
    await file.lock({ offset: 3, length: 4 });
    const made = new Set<string>(['locked']);
    for (let round = 0; round < ROUNDS; round++) {
      using request = await session.prepare(
        [ops.putfh(f.root), ops.create({ type: 2 }, `twice${round}`, { mode: 0o755 })],
        { cacheThis: true },
      );
      const first = await request.send(await session.connection());
      expect(first.status).toBe(Status.OK);
      made.add(`twice${round}`);
      // Answered or not: what was in flight is asked again.
      const names = Array.from({ length: PER_ROUND }, (_, i) => `d${round}-${i}`);
      const pending = await Promise.all(
        names.map((name) =>
          session.prepare([ops.putfh(f.root), ops.create({ type: 2 }, name, { mode: 0o755 })], {
            cacheThis: true,
          }),
        ),
      );
      const connection = await session.connection();
      const sent = pending.map((one) => one.send(connection).catch(() => undefined));
      await sent[round];
      await child.stop('SIGKILL');
      await Promise.all(sent);
      child = startServer(args);
      Object.assign(session.client.options, { port: portOf(await child.ready()) });
      const next = await session.client.newConnection();
      expect((await request.send(next)).raw.equals(first.raw)).toBe(true);
      for (const [at, one] of pending.entries()) {
        expect((await one.send(next)).status, names[at]).toBe(Status.OK);
        one.release();
        made.add(names[at]!);
      }
      await file.write(0, `round ${round}`);
    }
    expect((await f.names('')).sort()).toEqual([...made].sort());
    const other = await Files.mount(await NfsClient.start({ port: session.client.options.port }), '/x');
    await expect(other.open('locked', { access: 2 })).rejects.toMatchObject({ code: 'NFS4ERR_SHARE_DENIED' });
    const reader = await other.open('locked', { access: 1 });
    expect(await reader.testLock({ offset: 0, type: 1 })).toBeDefined();
    await file.unlock({ offset: 3, length: 4 });
    expect(await reader.testLock({ offset: 0, type: 1 })).toBeUndefined();
    await file.close();
    await Promise.all([session.client.close(), other.session.client.close()]);
    await child.stop('SIGKILL');
    const check = await new Child(['check', '--data', data]).ended;
    expect([check.code, check.stderr], check.stdout).toEqual([0, '']);
  });

  it('who waits for a lock is told when it is free, by the process that is there then', {
    timeout: 120_000,
  }, async () => {
    const args = ['--data', scratchFolder(), '--share', '/x,squash=none', '--durability', durability];
    let child = startServer(args);
    const options = { port: portOf(await child.ready()) };
    const [holding, waiting] = [await NfsClient.start(options), await NfsClient.start(options)];
    const held = await (await Files.mount(holding, '/x')).open('f', { access: 3, create: 'guarded' });
    const wanted = await (await Files.mount(waiting, '/x')).open('f', { access: 3 });
    const again = async () => {
      await child.stop('SIGKILL');
      child = startServer(args);
      const port = portOf(await child.ready());
      for (const { client } of [holding, waiting]) Object.assign(client.options, { port });
    };
    const { callbacks } = waiting.client;
    await held.lock();
    for (const boundFirst of [true, false]) {
      const blocked = wanted.lock({ type: LockType.WRITEW });
      await expect(blocked).rejects.toMatchObject({ code: 'NFS4ERR_DENIED' });
      await again();
      const since = callbacks.received.length;
      const told = callbacks.waitFor(CbOp.NOTIFY_LOCK, LIMIT_MS, since);
      if (boundFirst) await waiting.bind(await waiting.client.newConnection());
      await held.unlock();
      // Killed once more: that the range is free is found, not remembered.
      if (!boundFirst) await again();
      if (!boundFirst) await waiting.bind(await waiting.client.newConnection());
      expect((await told).ops[1]).toMatchObject({ op: CbOp.NOTIFY_LOCK, handle: wanted.handle });
      await wanted.lock({ type: LockType.WRITEW });
      await wanted.unlock();
      await held.lock();
    }
    await Promise.all([holding.client.close(), waiting.client.close()]);
    await child.stop('SIGKILL');
  });
});
