import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ops } from '@dfs/nfs/client';
import { expect, it } from 'vitest';
import { METRICS_DOC, metricsDoc } from '../../../scripts/metrics-doc.ts';
import { METRICS } from '../src/metrics/table.ts';
import { type Running, run, until } from './helpers/running.ts';

/** The value of a series, as it is scraped: 'name{label="x"}'. */
async function value(server: Running, series: string): Promise<number | undefined> {
  const { text } = await server.ask('GET', '/metrics');
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

function hasPromtool(): boolean {
  return spawnSync('promtool', ['--version']).status === 0;
}

it('count what the wire did, as engine and REST do (row 27)', async () => {
  const server = await run();
  const session = await server.mount();
  const id = session.id.toString('hex');
  for (let more = 0; more < 3; more++) await session.renew({ connection: await session.addConnection() });
  await session.run([ops.putrootfh(), ops.getfh()]);
  await session.compound([ops.putrootfh(), ops.lookup('nothing')]);
  const { connections } = await server.api.connections();
  const [shown] = (await server.api.sessions()).sessions;
  expect(shown?.connection_summary).toEqual({ fore: 3, back: 0, both: 1, total: 4 });
  const expected: Record<string, number | undefined> = {
    dfs_nfs_connections_active: connections.length,
    dfs_nfs_connections_opened_total: 4,
    'dfs_nfs_connections_bind_total{direction="fore"}': 3,
    'dfs_nfs_connections_bind_total{direction="both"}': 1,
    'dfs_nfs_connections_bind_total{direction="back"}': 0,
    [`dfs_nfs_connections_bound{session_id="${id}"}`]: shown?.connection_summary.total,
    dfs_nfs_sessions_active: 1,
    dfs_nfs_sessions_created_total: 1,
    dfs_nfs_slots_granted: shown?.slots.granted,
    'dfs_nfs_operations_total{operation="LOOKUP",status="NFS4ERR_NOENT"}': 1,
    'dfs_nfs_operations_total{operation="GETFH",status="NFS4_OK"}': 1,
    'dfs_nfs_operation_duration_seconds_count{operation="LOOKUP"}': 1,
    'dfs_nfs_operation_duration_seconds_bucket{operation="LOOKUP",le="+Inf"}': 1,
    dfs_nfs_requests_total: connections.reduce((sum, { requests }) => sum + requests, 0),
    dfs_nfs_received_bytes_total: connections.reduce((sum, { bytes_in }) => sum + bytes_in, 0),
    dfs_nfs_sent_bytes_total: connections.reduce((sum, { bytes_out }) => sum + bytes_out, 0),
    'dfs_nfs_leases{state="active"}': 1,
    dfs_nfs_shares: 1,
  };
  for (const [series, wanted] of Object.entries(expected)) {
    expect([series, await value(server, series)]).toEqual([series, wanted]);
  }
  session.connections[2]?.close();
  await until(async () =>
    (await value(server, 'dfs_nfs_connections_unbind_total{reason="disconnect"}')) === 1 ? true : undefined,
  );
  expect(await value(server, `dfs_nfs_connections_bound{session_id="${id}"}`)).toBe(3);
  await server.api.drainSession(shown?.client_id ?? '', id);
  expect(await value(server, 'dfs_nfs_connections_drained_total{result="clean"}')).toBe(3);
  expect(await value(server, 'dfs_nfs_connections_unbind_total{reason="drained"}')).toBe(3);
  await server.api.destroySession(shown?.client_id ?? '', id);
  expect(await value(server, `dfs_nfs_connections_bound{session_id="${id}"}`)).toBeUndefined();
  expect(await value(server, 'dfs_nfs_sessions_destroyed_total{reason="evicted"}')).toBe(1);
  expect(await value(server, 'dfs_nfs_session_lifetime_seconds_count')).toBe(1);
});

it('count attempts beyond the limit', async () => {
  const server = await run({ memory: true, set: ['v4_max_connections_per_session=1'] });
  const session = await server.mount();
  await session.renew({ connection: await session.addConnection() }).catch(() => undefined);
  expect(await value(server, 'dfs_nfs_connections_over_limit_total{how="implicit"}')).toBe(1);
  expect((await server.api.sessions()).sessions[0]?.over_limit).toBe(1);
});

it('leave sessions out where that is asked', async () => {
  const server = await run({ memory: true, set: ['metrics.per_session=false'] });
  await server.mount();
  const { text } = await server.ask('GET', '/metrics');
  expect(text).not.toContain('dfs_nfs_connections_bound');
  expect(text).toContain('dfs_nfs_connections_bind_total');
});

it('leave the times of operations out where that is asked, and count them all the same', async () => {
  const server = await run({ memory: true, set: ['metrics.operation_times=false'] });
  await server.mount();
  expect(await value(server, 'dfs_nfs_operations_total{operation="CREATE_SESSION",status="NFS4_OK"}')).toBe(
    1,
  );
  expect(await value(server, 'dfs_nfs_operation_duration_seconds_count{operation="CREATE_SESSION"}')).toBe(0);
});

it('are each server’s own: a second start in one process has its own counts', async () => {
  const first = await run();
  await first.mount();
  const second = await run();
  await second.mount();
  await second.mount();
  expect(await value(first, 'dfs_nfs_sessions_created_total')).toBe(1);
  expect(await value(second, 'dfs_nfs_sessions_created_total')).toBe(2);
  await first.stop();
  const third = await run();
  expect(await value(third, 'dfs_nfs_sessions_created_total')).toBe(0);
  expect(await value(second, 'dfs_nfs_sessions_created_total')).toBe(2);
});

it('are all in the table, and the table is in the answer and in docs/metrics.md', async () => {
  const server = await run();
  await server.mount();
  const { text, headers } = await server.ask('GET', '/metrics');
  expect(headers['content-type']).toContain('text/plain; version=0.0.4');
  const scraped = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  expect(scraped.sort()).toEqual(METRICS.map(({ name, type }) => `${name} ${type}`).sort());
  expect(readFileSync(METRICS_DOC, 'utf8')).toBe(metricsDoc());
});

it.runIf(hasPromtool())('please promtool', async () => {
  const server = await run();
  const session = await server.mount();
  await session.run([ops.putrootfh()]);
  const { text } = await server.ask('GET', '/metrics');
  const said = execFileSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
    stdio: 'pipe',
  });
  expect(said).toBe('');
});
