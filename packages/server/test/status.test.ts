import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Child, startServer } from './helpers/child.ts';
import { scratchFolder } from './helpers/config.ts';

async function output(args: string[], env: Record<string, string> = {}): Promise<string> {
  const ended = await new Child(args, env).ended;
  expect(ended.stderr).toBe('');
  expect(ended.code).toBe(0);
  return ended.stdout;
}

describe('dfs status', () => {
  it('asks the server of the same flags', async () => {
    const data = scratchFolder();
    const server = startServer(['--data', data]);
    const ready = await server.ready();
    const status = JSON.parse(await output(['status', '--data', data, '-o', 'json'])) as Record<
      string,
      unknown
    >;
    expect(status).toMatchObject({
      state: 'ready',
      pid: server.process.pid,
      data,
      listeners: [
        { protocol: 'nfs', address: (ready['listen'] as string[])[0] },
        { protocol: 'api', address: path.join(data, 'api.sock') },
        { protocol: 'console', address: ready['console'] },
      ],
      shares: [{ path: '/export' }],
      nfs: { clients: 0, connections: 0 },
    });
    expect(parse(await output(['status', '--data', data, '-o', 'yaml']))).toMatchObject({ state: 'ready' });
    const view = await output(['status', '--data', data], { FORCE_COLOR: '1' });
    expect(view).toContain('\u001b[32mready');
    expect(await output(['status', '--data', data])).toMatch(/^dfs \S+ {2}ready {2}pid \d+ {2}up \d+ s\n/);
    await server.stop();
  });

  it('says so where no server answers', async () => {
    const ended = await new Child(['status', '--data', scratchFolder()]).ended;
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain('no server answers at');
    expect(ended.stderr).toContain('dfs start');
  });

  it('finds a server that another left a dead socket for', async () => {
    const data = scratchFolder();
    const killed = startServer(['--data', data]);
    await killed.ready();
    await killed.stop('SIGKILL');
    expect(existsSync(path.join(data, 'api.sock'))).toBe(true);
    expect((await new Child(['status', '--data', data]).ended).code).toBe(4);
    const server = startServer(['--data', data]);
    await server.ready();
    expect(await output(['status', '--data', data])).toContain('ready');
    await server.stop();
  });
});

describe('dfs config show', () => {
  it('prints a file that has the same effect', async () => {
    const flags = ['--set', 'lease_time=20', '--share', '/a,ro,clients=10.0.0.0/8', '--memory'];
    const shown = parse(await output(['config', 'show', ...flags])) as Record<string, unknown>;
    expect(shown).toMatchObject({
      lease_time: 20,
      memory: true,
      listen: ['127.0.0.1:12049'],
      max_read_size: '1MiB',
      shares: [{ path: '/a', ro: true, squash: 'root', clients: ['10.0.0.0/8'] }],
    });
  });

  it('tells where each value comes from', async () => {
    const text = await output(['config', 'show', '--set', 'lease_time=20', '-o', 'json'], {
      DFS_MAX_CLIENTS: '7',
    });
    expect((JSON.parse(text) as { settings: unknown }).settings).toMatchObject({
      lease_time: { value: 20, source: 'flag', where: '--set lease_time=20' },
      max_clients: { value: 7, source: 'environment', where: 'environment variable DFS_MAX_CLIENTS' },
      domain: { value: 'localdomain', source: 'default' },
    });
  });
});
