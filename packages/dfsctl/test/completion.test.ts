import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import { complete } from '../src/completion/complete.ts';
import { completionScript, SHELLS } from '../src/completion/scripts.ts';
import { Invocation } from '../src/invocation.ts';
import { build } from '../src/program.ts';
import { DFSCTL } from './helpers/daemon.ts';

const program = new Command('dfsctl');
build(program, new Invocation(program, {}));

async function words(...typed: string[]): Promise<string[]> {
  const nobody = () => Promise.reject(new Error('no server'));
  return (await complete(program, typed, nobody)).map(([word]) => word);
}

const folder = mkdtempSync(path.join(tmpdir(), 'dfsctl-completion-'));
afterAll(() => rmSync(folder, { recursive: true }));

const hasFish = spawnSync('fish', ['--version']).status === 0;

describe('completion', () => {
  it.each([
    [['cl'], ['client']],
    [
      ['client', ''],
      ['list', 'show', 'evict', 'drain', 'sessions', 'connections'],
    ],
    [
      ['client', 'session', 'd'],
      ['destroy', 'drain'],
    ],
    [
      ['-o', ''],
      ['table', 'json', 'yaml'],
    ],
    [['-o', 'json', 'undr'], ['undrain']],
    [['adapter', 'settings', 'nfs', 'update', '--v4-max-c'], ['--v4-max-connections-per-session']],
    [
      ['adapter', 'settings', 'nfs', 'update', '--delegations-enabled', ''],
      ['true', 'false'],
    ],
    [
      ['adapter', 'settings', 'nfs', 'update', '--v4-min-minor-version', ''],
      ['1', '2'],
    ],
    [['adapter', 'settings', 'nfs', 'update', '--blocked-operations', 'COPY,READD'], ['COPY,READDIR']],
    [['adapter', 'settings', 'nfs', 'reset', 'lease'], ['lease_time']],
    [['share', 'create', '/x', '--squash', 'a'], ['all']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['client', 'show', ''], []],
    [['status', 'x', ''], []],
  ])('of %j is %j', async (typed, found) => {
    expect(await words(...typed)).toEqual(found);
  });

  it('never offers what is hidden', async () => {
    expect(await words('')).not.toContain('__complete');
    expect(await words('')).toContain('top');
  });

  it.each(SHELLS)('has a script for %s that the shell can read', (shell) => {
    const script = completionScript(shell);
    expect(script).toContain('__complete --');
    const file = path.join(folder, shell);
    writeFileSync(file, script);
    const checked = spawnSync(shell, ['-n', file]);
    // A shell that is not on this machine cannot be asked.
    if (checked.error === undefined) expect([checked.status, String(checked.stderr)]).toEqual([0, '']);
  });

  it.runIf(hasFish)('is what fish offers', () => {
    const bin = path.join(folder, 'bin');
    const words = ['dfsctl client sessions d', 'dfsctl -o '];
    writeFileSync(path.join(folder, 'dfsctl.fish'), completionScript('fish'));
    mkdirSync(bin);
    writeFileSync(path.join(bin, 'dfsctl'), `#!/bin/sh\nexec ${process.execPath} ${DFSCTL} "$@"\n`, {
      mode: 0o755,
    });
    const asked = words.map((line) => `complete -C '${line}'`).join('; ');
    const { stdout, stderr } = spawnSync('fish', ['-c', `source ${folder}/dfsctl.fish; ${asked}`], {
      env: { PATH: `${bin}:${process.env['PATH']}`, HOME: folder, XDG_RUNTIME_DIR: folder },
      encoding: 'utf8',
    });
    expect([stderr, stdout.split('\n').map((line) => line.split('\t')[0])]).toEqual([
      '',
      ['destroy', 'drain', 'json', 'table', 'yaml', ''],
    ]);
  });
});
