import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiClient } from '@dfs/api/client';
import { describe, expect, it } from 'vitest';
import { Child, portOf, startServer } from './helpers/child.ts';
import { scratchFolder } from './helpers/config.ts';

async function accepts(port: number, host = '127.0.0.1'): Promise<boolean> {
  const socket = net.connect({ port, host });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe('dfs start', () => {
  it('says it is ready last, when every listener accepts, and stops cleanly on SIGTERM', async () => {
    const folder = scratchFolder();
    const pidFile = path.join(folder, 'pid');
    const server = startServer(['--memory', '--listen', '127.0.0.1:0', '--pid-file', pidFile]);
    const ready = await server.ready();
    expect(ready).toMatchObject({ level: 'info', shares: ['/export'], data: null });
    expect(await accepts(portOf(ready, 0))).toBe(true);
    expect(await accepts(portOf(ready, 1))).toBe(true);
    const [socket = ''] = ready['api'] as string[];
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect(readFileSync(pidFile, 'utf8')).toBe(`${server.process.pid}\n`);
    expect(server.log.at(-1)?.msg).toBe('ready');
    const ended = await server.stop();
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(server.log.slice(-2).map((line) => line.msg)).toEqual([
      'stopping: answering what is in flight',
      'stopped',
    ]);
    expect(existsSync(pidFile)).toBe(false);
    expect(existsSync(socket)).toBe(false);
  });

  it.each(['SIGINT', 'SIGHUP'] as const)('stops on %s as well', async (signal) => {
    const server = startServer();
    await server.ready();
    expect((await server.stop(signal)).code).toBe(0);
  });

  it('takes a signal that comes twice at once for one', async () => {
    const server = startServer();
    await server.ready();
    server.process.kill('SIGINT');
    expect((await server.stop('SIGINT')).code).toBe(0);
  });

  it('keeps shares and their ids in the data directory', async () => {
    const data = scratchFolder();
    const sharesAfter = async (args: string[]) => {
      const server = startServer(['--data', data, ...args]);
      await server.ready();
      const { shares } = await new ApiClient({ socketPath: path.join(data, 'api.sock') }).shares();
      await server.stop();
      return shares.map(({ id, path: at, squash, read_only, clients, origin }) => [
        id,
        at,
        squash,
        read_only,
        clients.join(),
        origin,
      ]);
    };
    expect(await sharesAfter(['--share', 'a,squash=all,clients=10.0.0.0/8,clients=::1'])).toEqual([
      [1, '/a', 'all', false, '10.0.0.0/8,::1', 'configuration'],
    ]);
    expect(await sharesAfter(['--share', '/b,ro'])).toEqual([
      [1, '/a', 'all', false, '10.0.0.0/8,::1', 'data'],
      [2, '/b', 'root', true, '', 'configuration'],
    ]);
    expect(await sharesAfter(['--share', '/a,squash=none'])).toEqual([
      [1, '/a', 'none', false, '', 'configuration'],
      [2, '/b', 'root', true, '', 'data'],
    ]);
    expect(await sharesAfter([])).toEqual([
      [1, '/a', 'none', false, '', 'data'],
      [2, '/b', 'root', true, '', 'data'],
    ]);
  });

  it('serves /export where nothing is asked for, and nothing of the sort where something is', async () => {
    const data = scratchFolder();
    const first = startServer(['--data', data]);
    expect((await first.ready())['shares']).toEqual(['/export']);
    await first.stop();
    const second = startServer(['--data', data, '--share', '/x']);
    expect((await second.ready())['shares']).toEqual(['/export', '/x']);
    await second.stop();
    const other = startServer(['--memory', '--share', '/x']);
    expect((await other.ready())['shares']).toEqual(['/x']);
    await other.stop();
  });

  it('listens on IPv6 addresses and says how to mount there', async () => {
    const server = new Child(['start', '--memory', '--listen', '[::1]:0']);
    const ready = await server.ready();
    expect(await accepts(portOf(ready), '::1')).toBe(true);
    expect(ready['mount']).toEqual([
      `sudo mount -t nfs4 -o vers=4.1,proto=tcp6,port=${portOf(ready)},nconnect=4 '[::1]:/export' /mnt`,
    ]);
    await server.stop();
  });

  it('shows people a banner with the mount line, and the word ready at its end', async () => {
    const server = startServer(['--memory', '--log-format', 'pretty'], { NO_COLOR: '1' });
    while (!server.stdout.includes('ready')) {
      if (server.process.exitCode !== null) throw new Error(server.stdout);
      await delay(20);
    }
    expect(server.stdout).toMatch(/Mount +sudo mount -t nfs4 -o vers=4.1,.* 127.0.0.1:\/export \/mnt\n/);
    expect(server.stdout).toMatch(/INFO: ready \{"listen":\["127.0.0.1:\d+"\]\}\n$/);
    await server.stop();
  });

  it('stops though nobody reads its log', async () => {
    const server = startServer(['--memory', '--log-level', 'trace']);
    await server.ready();
    server.process.stdout?.destroy();
    await delay(50);
    expect((await server.stop()).code).toBe(0);
  });
});

describe('a start that fails', () => {
  const refused = async (args: string[], env?: Record<string, string>) => {
    const ended = await new Child(['start', ...args], env).ended;
    expect(ended.stdout).toBe('');
    expect(ended.stderr).not.toMatch(/\n {4}at /);
    return { code: ended.code, stderr: ended.stderr };
  };

  it('names the port that is in use', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as net.AddressInfo;
    const { code, stderr } = await refused([
      '--memory',
      '--listen',
      '127.0.0.1:0',
      '--listen',
      `127.0.0.1:${port}`,
    ]);
    taken.close();
    expect(code).toBe(3);
    expect(stderr).toBe(
      `dfs: cannot start: 127.0.0.1:${port} is in use by another program, or by another dfs\n` +
        '  stop that one, or choose another port with --listen (port 0 takes any free one)\n',
    );
  });

  it('names the address that is not here, and the host that is not known', async () => {
    // Not the share of a first start: root would be warned that nobody can write to it.
    const memory = ['--memory', '--share', '/a,squash=none'];
    const absent = await refused([...memory, '--listen', '192.0.2.1:0']);
    expect(absent).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('not an address of this machine'),
    });
    const unknown = await refused([...memory, '--listen', 'no-such-host.invalid:0']);
    expect(unknown).toMatchObject({ code: 3, stderr: expect.stringContaining('not known here') });
  });

  it('names the data directory that another server uses', async () => {
    const data = scratchFolder();
    const server = startServer(['--data', data]);
    await server.ready();
    const { code, stderr } = await refused(['--data', data, '--listen', '127.0.0.1:0']);
    expect(code).toBe(3);
    expect(stderr).toContain(`${data} is in use by process ${server.process.pid}`);
    expect((await server.stop()).code).toBe(0);
  });

  it('leaves a directory alone that holds something else', async () => {
    const data = scratchFolder();
    writeFileSync(path.join(data, 'letter.txt'), 'dear diary');
    const { code, stderr } = await refused(['--data', data, '--listen', '127.0.0.1:0']);
    expect(code).toBe(3);
    expect(stderr).toContain('--data');
    expect(existsSync(path.join(data, 'letter.txt'))).toBe(true);
  });

  it('cannot use a file for a directory', async () => {
    const file = path.join(scratchFolder(), 'file');
    writeFileSync(file, '');
    expect(await refused(['--data', path.join(file, 'x')])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('cannot be used'),
    });
  });

  it('does not put a share into one that the data directory holds', async () => {
    const data = scratchFolder();
    const first = startServer(['--data', data, '--share', '/a']);
    await first.ready();
    await first.stop();
    const { code, stderr } = await refused(['--data', data, '--listen', '127.0.0.1:0', '--share', '/a/b']);
    expect(code).toBe(3);
    expect(stderr).toContain('/a and /a/b lie one inside the other');
  });

  it('tells what is wrong with the configuration', async () => {
    const file = path.join(scratchFolder(), 'dfs.yaml');
    writeFileSync(file, 'lease_time: 90\nmax_clients: 0\n');
    const { code, stderr } = await refused(['--config', file, '--set', 'lease_time=1']);
    expect(code).toBe(2);
    expect(stderr).toContain(`dfs: ${file}:2:14: max_clients: 0 is out of range`);
    expect(stderr).toContain('dfs: --set lease_time=1: lease_time: "1" is out of range: 10 to 3600 seconds');
  });

  it('knows only its own flags and commands', async () => {
    expect(await refused(['--memroy'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean --memory?'),
    });
    expect((await new Child(['strat']).ended).code).toBe(2);
    expect((await new Child([]).ended).code).toBe(2);
  });

  it('leaves nothing behind in the data directory that would hinder the next', async () => {
    const data = scratchFolder();
    const pidFile = path.join(data, 'missing', 'pid');
    const { code } = await refused(['--data', data, '--listen', '127.0.0.1:0', '--pid-file', pidFile]);
    expect(code).toBe(3);
    const server = startServer(['--data', data]);
    await server.ready();
    expect((await server.stop()).code).toBe(0);
  });
});
