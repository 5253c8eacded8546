import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { SHARE } from '../../api/test/support/share.ts';
import { endOf } from '../../server/test/helpers/said.ts';

const MAIN = path.resolve(import.meta.dirname, '../src/main.ts');

const SHARES = { shares: [{ ...SHARE, squash: 'none' }] };

const home = mkdtempSync(path.join(tmpdir(), 'dfsctl-'));
afterAll(() => rmSync(home, { recursive: true }));

let server: http.Server;
let asked: string[] = [];
beforeEach(() => {
  asked = [];
  server = http.createServer((request, response) => {
    asked.push(request.url ?? '');
    const answers: Record<string, unknown> = { '/health': { status: 'ok' }, '/api/v1/shares': SHARES };
    const answer = answers[request.url ?? ''];
    const problem = {
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      code: 'not_found',
      detail: 'not there',
    };
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? problem));
  });
});
afterEach(() => server.close());

async function listen(...parts: string[]): Promise<string> {
  const socketPath = path.join(home, ...parts);
  mkdirSync(path.dirname(socketPath), { recursive: true });
  server.listen({ path: socketPath });
  await once(server, 'listening');
  return socketPath;
}

async function dfsctl(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { HOME: home, XDG_RUNTIME_DIR: path.join(home, 'run'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return await endOf(child);
}

describe('dfsctl', () => {
  it('asks the socket that is named, and shows the answer as asked', async () => {
    const socket = await listen('named.sock');
    const table =
      'SHARE     ACCESS       SQUASH   USED      FILES   CLIENTS\n/export   read-write   none     4.0 KiB   1       everybody\n';
    expect(await dfsctl(['--socket', socket, 'share', 'list'])).toEqual({
      code: 0,
      stdout: table,
      stderr: '',
    });
    const json = await dfsctl(['share', 'list', '-o', 'json'], { DFS_API_SOCKET: socket });
    expect(JSON.parse(json.stdout)).toEqual(SHARES);
    const yaml = await dfsctl(['share', 'list', '--output', 'yaml', '--socket', socket]);
    expect(parse(yaml.stdout)).toEqual(SHARES);
    expect(asked.filter((url) => url === '/api/v1/shares')).toHaveLength(3);
  });

  it('colours only where it is wanted', async () => {
    const socket = await listen('colour.sock');
    expect((await dfsctl(['share', 'list', '--socket', socket])).stdout).not.toContain('\u001b');
    const forced = await dfsctl(['share', 'list', '--socket', socket], { FORCE_COLOR: '1' });
    expect(forced.stdout).toContain('\u001b[');
  });

  it.each([
    ['the default data directory', ['.local', 'state', 'dfs', 'api.sock']],
    ['memory', ['run', 'dfs', 'memory-12049.sock']],
  ])('finds the server of %s by itself', async (_what, parts) => {
    await listen(...parts);
    expect((await dfsctl(['share', 'list'])).code).toBe(0);
  });

  it('says where it looked in vain, and how to go on', async () => {
    const { code, stdout, stderr } = await dfsctl(['status']);
    expect(code).toBe(4);
    expect(stdout).toBe('');
    expect(stderr).toContain(path.join(home, '.local/state/dfs/api.sock'));
    expect(stderr).toContain('memory-12049.sock');
    expect(stderr).toContain('dfs start');
  });

  it('tells what the server refuses', async () => {
    const socket = await listen('refusing.sock');
    const { code, stderr } = await dfsctl(['status', '--socket', socket]);
    expect(code).toBe(5);
    expect(stderr).toBe('dfsctl: not there\n');
  });

  it.each([[['share', 'lisst']], [['status', '--sockt', 'x']], [['status', '-o', 'xml']], [[]]])(
    'refuses the command line %j',
    async (args) => {
      const { code, stdout, stderr } = await dfsctl(args);
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toContain('dfsctl');
    },
  );
});
