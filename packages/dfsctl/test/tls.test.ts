import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Daemon } from './helpers/daemon.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe.runIf(hasOpenssl)('a server that made its own certificate', () => {
  const daemon = new Daemon();
  const cert = path.join(daemon.home, 'cert.pem');
  const key = path.join(daemon.home, 'key.pem');
  let secret = '';

  beforeAll(async () => {
    const subject = ['-subj', '/CN=nas', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', '-keyout', key, '-out', cert, ...subject], {
      stdio: 'ignore',
    });
    await daemon.start('memory', '--set', `api_tls_cert=${cert}`, '--set', `api_tls_key=${key}`);
    const made = await daemon.run('token', 'create', 'laptop', '--role', 'admin', '-o', 'json');
    secret = (JSON.parse(made.stdout) as { token: string }).token;
  }, 60_000);
  afterAll(() => daemon.remove());

  /** As on another machine: without the socket. */
  const away = (...args: string[]) => daemon.runInput({ DFS_API_SOCKET: '' }, secret, ...args);

  it('is not trusted without --ca, and that is said', async () => {
    const { code, stderr } = await away('login', daemon.url);
    expect(code).toBe(4);
    expect(stderr).toContain('--ca');
    expect((await away('context', 'list')).stdout).not.toContain('127.0.0.1');
  });

  it('is asked with --ca, and remembered by login', async () => {
    const once = await away('--server', daemon.url, '--token', secret, '--ca', cert, 'share', 'list');
    expect(once).toMatchObject({ code: 0, stderr: '' });
    expect(once.stdout).toContain('/export');

    const login = await away('login', daemon.url, '--ca', cert, '--name', 'nas');
    expect(login).toMatchObject({ code: 0 });
    expect(login.stdout + login.stderr).toContain('logged in to');
    expect((await away('context', 'list')).stdout).toMatch(/^\* +nas +https:/m);
    expect((await away('share', 'list')).stdout).toContain('/export');
    expect((await away('--context', 'nas', 'token', 'list')).stdout).toContain('laptop');

    expect((await away('context', 'use', 'local')).code).toBe(0);
    expect((await away('context', 'list')).stdout).not.toMatch(/^\* +nas/m);
    expect((await away('context', 'remove', 'nas', '--yes')).code).toBe(0);
    const kept = readFileSync(path.join(daemon.home, '.config/dfs/contexts.yaml'), 'utf8');
    expect(kept).not.toContain(secret);
  }, 60_000);

  it('does not take a wrong token', async () => {
    const { code, stderr } = await daemon.runInput({}, 'dfs_guess', 'login', daemon.url, '--ca', cert);
    expect(code).toBe(5);
    expect(stderr).toContain('token');
    expect(stderr).not.toContain('dfs_guess');
  });
});
