import type { NfsSettingsAnswer, NfsSettingsChanged, Problem } from '@dfs/api';
import { BLOCKABLE_OPERATIONS, NFS_SETTING_KEYS, NFS_SETTINGS, type NfsSettingKey } from '@dfs/api/settings';
import { createNfsServer } from '@dfs/nfs';
import { Attr, ops, Status } from '@dfs/nfs/client';
import { openMemoryDirectory } from '@dfs/storage';
import { describe, expect, it } from 'vitest';
import { engineSettings } from '../src/settings/engine.ts';
import { MAX_AUDIT_ENTRIES, StoredSettings } from '../src/settings/stored.ts';
import { resolve, scratchFolder } from './helpers/config.ts';
import { type Running, run } from './helpers/running.ts';

const SETTINGS = '/api/v1/adapters/nfs/settings';

/** Tries to bind so many connections, by SEQUENCE, and counts those that the server shows. */
async function bound(server: Running, tries: number): Promise<number> {
  const session = await server.mount();
  for (let more = 1; more < tries; more++) {
    const connection = await session.addConnection();
    await session.renew({ connection }).catch(() => undefined);
  }
  const { sessions } = await server.api.sessions();
  const own = sessions.find(({ session_id }) => session_id === session.id.toString('hex'));
  return own?.connection_summary.total ?? 0;
}

describe('the settings table and the engine', () => {
  it('agree about defaults', async () => {
    const nfs = await createNfsServer({ shares: [] });
    const { limits: actual, ...rest } = nfs.control.settings();
    const { limits: wanted, ...others } = engineSettings(resolve({}).values);
    expect(rest).toEqual(others);
    expect(actual).toMatchObject(wanted);
  });

  it('agree about the bounds of numbers', async () => {
    const nfs = await createNfsServer({ shares: [] });
    const { values } = resolve({});
    for (const key of NFS_SETTING_KEYS) {
      const { schema } = NFS_SETTINGS[key].kind;
      if (!('minimum' in schema)) continue;
      for (const value of [schema.minimum, schema.maximum]) {
        nfs.control.configure(engineSettings({ ...values, [key]: value }));
      }
    }
  });

  it('agree about what can be blocked', async () => {
    const nfs = await createNfsServer({ shares: [] });
    for (const name of BLOCKABLE_OPERATIONS) nfs.control.configure({ blockedOperations: [name] });
    expect(() => nfs.control.configure({ blockedOperations: ['SEQUENCE'] })).toThrow(RangeError);
  });
});

describe('settings over REST', () => {
  it('are there with version, source and default', async () => {
    const { ask, api } = await run();
    const answer = await ask('GET', SETTINGS);
    expect(answer).toMatchObject({ status: 200, headers: { etag: '"0"' } });
    const { settings, details, version } = answer.json as NfsSettingsAnswer;
    expect(version).toBe(0);
    expect(Object.keys(settings)).toEqual(NFS_SETTING_KEYS);
    expect(settings).toMatchObject({ v4_max_connections_per_session: 16, lease_time: 90, grace_period: 90 });
    expect(details.lease_time).toEqual({
      source: 'default',
      changed: false,
      default: 90,
      at_next_start: 90,
      given_at_start: null,
    });
    const { definitions, settings: defaults } = await api.nfsSettingDefaults();
    expect(defaults).toEqual(settings);
    expect(definitions.map(({ name }) => name)).toEqual(NFS_SETTING_KEYS);
    expect(definitions[0]).toMatchObject({
      minimum: 0,
      maximum: 1024,
      default: 16,
      type: 'integer',
      applies: 'now',
    });
  });

  it('reach the wire at once, and are there after a restart (row 24)', async () => {
    const flags = { data: scratchFolder() };
    const first = await run(flags);
    expect(await bound(first, 4)).toBe(4);
    const changed = await first.api.updateNfsSettings({ v4_max_connections_per_session: 2 });
    expect(changed).toMatchObject({
      version: 1,
      dry_run: false,
      changes: [{ setting: 'v4_max_connections_per_session', from: 16, to: 2 }],
      notes: [],
      details: { v4_max_connections_per_session: { source: 'api', changed: true, at_next_start: 2 } },
    });
    expect(await bound(first, 4)).toBe(2);
    await first.stop();
    const second = await run(flags);
    expect(await bound(second, 4)).toBe(2);
    expect(await second.api.nfsSettings()).toMatchObject({
      version: 1,
      settings: { v4_max_connections_per_session: 2 },
      details: { v4_max_connections_per_session: { source: 'api', changed: true } },
    });
    await second.api.resetNfsSettings('v4_max_connections_per_session');
    expect(await bound(second, 4)).toBe(4);
  });

  it('change what clients are told: sizes and the lease at once, channels of new sessions', async () => {
    const { api, mount } = await run();
    const before = await mount();
    await api.updateNfsSettings({
      lease_time: 33,
      max_read_size: 4096,
      max_write_size: 8192,
      max_session_slots: 3,
      max_compound_ops: 16,
    });
    const asked = [Attr.LEASE_TIME, Attr.MAXREAD, Attr.MAXWRITE];
    const [, told] = await before.run([ops.putrootfh(), ops.getattr(asked)]);
    expect(told).toMatchObject({ leaseTime: 33, maxRead: 4096n, maxWrite: 8192n });
    const after = await mount();
    expect([after.fore.maxRequests, after.fore.maxOperations]).toEqual([3, 16]);
  });

  it('block an operation and free it again', async () => {
    const { api, mount } = await run();
    const session = await mount();
    const readdir = () => session.compound([ops.putrootfh(), ops.getattr([1])]);
    expect((await readdir()).status).toBe(Status.OK);
    await api.updateNfsSettings({ blocked_operations: ['GETATTR'] });
    expect((await readdir()).status).not.toBe(Status.OK);
    await api.updateNfsSettings({ blocked_operations: [] });
    expect((await readdir()).status).toBe(Status.OK);
  });

  it.each([1025, -1, 1.5, '5', null, true])('are refused at %j with the range named', async (value) => {
    const { ask, api } = await run();
    const answer = await ask('PATCH', SETTINGS, {
      body: { settings: { v4_max_connections_per_session: value } },
    });
    expect(answer.status).toBe(422);
    const problem = answer.json as Problem;
    expect(problem.errors?.map(({ field }) => field)).toEqual(['v4_max_connections_per_session']);
    if (typeof value === 'number' && Number.isInteger(value)) expect(problem.detail).toContain('0 to 1024');
    expect((await api.nfsSettings()).version).toBe(0);
  });

  it('name each wrong field, and change nothing then', async () => {
    const { ask, api } = await run();
    const settings = {
      lease_time: 9,
      leas_time: 90,
      max_clients: 5,
      max_read_size: '1MiB',
      blocked_operations: ['REED'],
      v4_min_minor_version: 3,
      delegations_enabled: 'yes',
    };
    const answer = await ask('PATCH', SETTINGS, { body: { settings } });
    expect(answer.status).toBe(422);
    const { errors = [] } = answer.json as Problem;
    const byField = Object.fromEntries(errors.map(({ field, message }) => [field, message]));
    expect(Object.keys(byField).sort()).toEqual([
      'blocked_operations',
      'delegations_enabled',
      'leas_time',
      'lease_time',
      'max_read_size',
      'v4_min_minor_version',
    ]);
    expect(byField['lease_time']).toContain('10 to 3600 seconds');
    expect(byField['leas_time']).toContain('did you mean lease_time?');
    expect(byField['blocked_operations']).toContain('did you mean READ?');
    expect((await api.nfsSettings()).settings.max_clients).toBe(10_000);
    const clash = await ask('PATCH', SETTINGS, {
      body: { settings: { v4_min_minor_version: 2, v4_max_minor_version: 1 } },
    });
    expect((clash.json as Problem).errors?.map(({ field }) => field)).toEqual([
      'v4_min_minor_version',
      'v4_max_minor_version',
    ]);
    for (const body of [{}, [], { settings: [] }, { settings: {}, version: 'x' }, { lease_time: 20 }]) {
      expect((await ask('PATCH', SETTINGS, { body })).status).toBe(422);
    }
  });

  it('are refused by PUT where one is missing (row 26)', async () => {
    const { ask, api } = await run();
    const { settings } = await api.nfsSettings();
    const { v4_max_connections_per_session: _, ...rest } = settings;
    const answer = await ask('PUT', SETTINGS, { body: { settings: { ...rest, lease_time: 20 } } });
    expect(answer.status).toBe(422);
    expect((answer.json as Problem).errors?.map(({ field }) => field)).toEqual([
      'v4_max_connections_per_session',
    ]);
    expect((await api.nfsSettings()).settings).toEqual(settings);
    const whole = await api.replaceNfsSettings({ ...settings, lease_time: 20 });
    expect(whole.changes).toEqual([
      { setting: 'lease_time', from: 90, to: 20 },
      { setting: 'grace_period', from: 90, to: 20 },
      { setting: 'delegation_recall_timeout', from: 90, to: 20 },
    ]);
    const back = await ask('PUT', SETTINGS, { body: await api.nfsSettings() });
    expect(back.json).toMatchObject({ version: 1, changes: [] });
  });

  it('follow the lease time until they are set themselves', async () => {
    const { api } = await run();
    await api.updateNfsSettings({ grace_period: 90 });
    const { settings, details } = await api.updateNfsSettings({ lease_time: 120 });
    expect([settings.grace_period, settings.delegation_recall_timeout]).toEqual([90, 120]);
    expect(details.grace_period).toMatchObject({ source: 'api', changed: true, default: 120 });
  });

  it('are guarded against lost updates', async () => {
    const { ask, api } = await run();
    const body = { settings: { lease_time: 20 } };
    const stale = await ask('PATCH', SETTINGS, { body, headers: { 'if-match': '"7"' } });
    expect(stale).toMatchObject({ status: 412, json: { code: 'version_conflict' } });
    expect((await ask('PATCH', SETTINGS, { body, headers: { 'if-match': 'nonsense' } })).status).toBe(412);
    expect((await ask('PATCH', SETTINGS, { body: { ...body, version: 7 } })).status).toBe(412);
    expect((await ask('POST', `${SETTINGS}/reset`, { headers: { 'if-match': '"7"' } })).status).toBe(412);
    expect((await api.nfsSettings()).settings.lease_time).toBe(90);
    const good = await ask('PATCH', SETTINGS, { body, headers: { 'if-match': '"0"' } });
    expect(good).toMatchObject({ status: 200, headers: { etag: '"1"' } });
    await expect(api.updateNfsSettings({ lease_time: 30 }, { version: 0 })).rejects.toMatchObject({
      problem: { status: 412 },
    });
    const both = await Promise.allSettled([
      api.updateNfsSettings({ lease_time: 31 }, { version: 1 }),
      api.updateNfsSettings({ lease_time: 32 }, { version: 1 }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('are only shown by a dry run', async () => {
    const server = await run();
    const { api, ask } = server;
    const dry = await api.updateNfsSettings({ v4_max_connections_per_session: 1 }, { dryRun: true });
    expect(dry).toMatchObject({
      dry_run: true,
      version: 0,
      settings: { v4_max_connections_per_session: 1 },
      changes: [{ setting: 'v4_max_connections_per_session', from: 16, to: 1 }],
    });
    expect((await api.nfsSettings()).settings.v4_max_connections_per_session).toBe(16);
    expect(await bound(server, 3)).toBe(3);
    expect(await api.nfsSettingsAudit()).toEqual({ entries: [] });
    const wrong = await ask('PATCH', `${SETTINGS}?dry_run=true`, { body: { settings: { lease_time: 1 } } });
    expect(wrong.status).toBe(422);
    expect((await ask('PATCH', `${SETTINGS}?dryrun=true`, { body: { settings: {} } })).status).toBe(400);
  });

  it('go back to their defaults, one or all', async () => {
    const { api, ask } = await run();
    await api.updateNfsSettings({ lease_time: 20, max_clients: 5, callback_timeout: 7 });
    const one = await api.resetNfsSettings('max_clients');
    expect(one.changes).toEqual([{ setting: 'max_clients', from: 5, to: 10_000 }]);
    const dry = await api.resetNfsSettings(undefined, { dryRun: true });
    expect(dry.changes).toHaveLength(4);
    await api.resetNfsSettings();
    const { settings, details } = await api.nfsSettings();
    expect(settings).toEqual((await api.nfsSettingDefaults()).settings);
    expect(Object.values(details).some(({ changed }) => changed)).toBe(false);
    expect((await ask('POST', `${SETTINGS}/reset?setting=leese_time`)).status).toBe(422);
  });

  it('tell who changed what and when, and keep it', async () => {
    const flags = { data: scratchFolder() };
    const first = await run(flags);
    await first.api.updateNfsSettings({ lease_time: 20 });
    await first.api.resetNfsSettings('lease_time');
    await first.stop();
    const { api } = await run(flags);
    const { entries } = await api.nfsSettingsAudit();
    expect(entries).toMatchObject([
      { who: 'local socket', action: 'reset', version: 2 },
      {
        who: 'local socket',
        action: 'update',
        version: 1,
        changes: [{ setting: 'lease_time', from: 90, to: 20 }, {}, {}],
      },
    ]);
    expect(Date.parse(entries[0]?.time ?? '')).toBeGreaterThan(Date.now() - 60_000);
    expect((await api.nfsSettingsAudit(1)).entries).toHaveLength(1);
  });

  it('keep so many changes and no more', async () => {
    const { records } = openMemoryDirectory();
    const stored = new StoredSettings(records);
    const entry = { time: new Date(0).toISOString(), who: 'x', action: 'update' as const, changes: [] };
    for (let at = 0; at < MAX_AUDIT_ENTRIES + 3; at++) await stored.change({ max_clients: 100 + at }, entry);
    const again = new StoredSettings(records);
    expect(again.values).toEqual({ max_clients: 100 + MAX_AUDIT_ENTRIES + 2 });
    const entries = again.audit(2 * MAX_AUDIT_ENTRIES);
    expect(entries).toHaveLength(MAX_AUDIT_ENTRIES);
    expect([entries[0]?.version, entries.at(-1)?.version]).toEqual([MAX_AUDIT_ENTRIES + 3, 4]);
    await again.change({}, entry);
    expect(again.audit(1)[0]?.version).toBe(MAX_AUDIT_ENTRIES + 4);
  });

  it('stop the start where their record is damaged', () => {
    const { records } = openMemoryDirectory();
    for (const text of ['', 'null', '{"version":1}', '{"version":1,"values":{"lease_time":1}}']) {
      records.put('settings/nfs', Buffer.from(text));
      expect(() => new StoredSettings(records)).toThrow('cannot be understood');
    }
  });

  it('give way to what a start says, and say so', async () => {
    const data = scratchFolder();
    const first = await run({ data, set: ['lease_time=30'] });
    const shown = await first.api.nfsSettings();
    expect(shown.details.lease_time).toMatchObject({ source: 'flag', changed: true, at_next_start: 30 });
    expect(shown.details.lease_time.given_at_start).toContain('--set lease_time=30');
    const changed: NfsSettingsChanged = await first.api.updateNfsSettings({ lease_time: 40 });
    expect(changed.settings.lease_time).toBe(40);
    expect(changed.details.lease_time).toMatchObject({ source: 'api', at_next_start: 30 });
    expect(changed.notes[0]).toContain('lease_time: --set lease_time=30 sets 30');
    await first.stop();
    const second = await run({ data, set: ['lease_time=30'] });
    expect((await second.api.nfsSettings()).settings.lease_time).toBe(30);
    await second.stop();
    const third = await run({ data });
    const last = await third.api.nfsSettings();
    expect([last.settings.lease_time, last.details.lease_time.source]).toEqual([40, 'api']);
  });

  it('cannot be started into what does not fit together', async () => {
    const data = scratchFolder();
    const first = await run({ data });
    await first.api.updateNfsSettings({ v4_min_minor_version: 2 });
    await first.stop();
    await expect(run({ data, set: ['v4_max_minor_version=1'] })).rejects.toThrow('no version would be left');
  });

  it('each have a value that differs from the default, and take it', async () => {
    const other: { readonly [K in NfsSettingKey]: unknown } = {
      v4_max_connections_per_session: 0,
      lease_time: 60,
      grace_period: 61,
      max_connections: 50,
      max_clients: 51,
      max_sessions_per_client: 5,
      max_session_slots: 52,
      max_compound_ops: 20,
      max_read_size: 65_536,
      max_write_size: 131_072,
      delegations_enabled: false,
      delegation_recall_timeout: 30,
      callback_timeout: 5,
      v4_min_minor_version: 2,
      v4_max_minor_version: 2,
      blocked_operations: ['COPY', 'READ_PLUS'],
    };
    const { ask, api, daemon } = await run();
    const answer = await ask('PUT', SETTINGS, { body: { settings: other } });
    expect(answer).toMatchObject({ status: 200, json: { settings: other } });
    expect((await api.nfsSettings()).settings).toEqual(other);
    expect(daemon.status().state).toBe('ready');
  });
});
