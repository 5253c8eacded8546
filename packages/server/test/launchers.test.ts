import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratchFolder } from './helpers/config.ts';
import { endOf } from './helpers/said.ts';

const BIN = path.resolve(import.meta.dirname, '../../../bin');

/** Stands in for npm: writes down that it was called, and makes what `npm ci` makes. */
const FAKE_NPM = `#!/bin/sh
echo "$@" >>"$FAKE_NPM_LOG"
if [ -n "\${FAKE_NPM_FAILS-}" ]; then echo "E404 no such thing"; exit 1; fi
rm -rf node_modules; mkdir node_modules
sleep 0.5
: >node_modules/.package-lock.json
`;

class Checkout {
  readonly root = path.join(scratchFolder(), 'a checkout');
  readonly #log = path.join(scratchFolder(), 'npm.log');
  readonly #fakes = scratchFolder();

  constructor() {
    cpSync(BIN, path.join(this.root, 'bin'), { recursive: true });
    this.write('package-lock.json', '{"version":1}');
    this.write('packages/server/src/main.ts', 'console.log(JSON.stringify(process.argv.slice(2)));');
    writeFileSync(path.join(this.#fakes, 'npm'), FAKE_NPM);
    chmodSync(path.join(this.#fakes, 'npm'), 0o755);
  }

  write(name: string, text: string): void {
    const file = path.join(this.root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  get npmCalls(): string[] {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8').trim().split('\n') : [];
  }

  async run(command: string, args: readonly string[] = [], env: Record<string, string> = {}) {
    const node = path.dirname(process.execPath);
    const child = spawn(path.resolve(this.root, 'bin', command), args, {
      cwd: '/',
      env: { PATH: `${this.#fakes}:${node}:/usr/bin:/bin`, FAKE_NPM_LOG: this.#log, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return await endOf(child);
  }
}

describe('the launchers', () => {
  it('install once, whoever comes first, and say nothing after that', async () => {
    const checkout = new Checkout();
    const starts = await Promise.all(Array.from({ length: 4 }, () => checkout.run('dfs', ['a b', ''])));
    for (const start of starts) expect(start).toMatchObject({ code: 0, stdout: '["a b",""]\n' });
    expect(checkout.npmCalls).toHaveLength(1);
    expect(starts.filter((start) => start.stderr.includes('installing dependencies (once)'))).toHaveLength(1);
    expect(starts.filter((start) => start.stderr.includes('waiting for it'))).toHaveLength(3);
    expect(await checkout.run('dfs', [])).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
    expect(checkout.npmCalls).toHaveLength(1);
  });

  it('install again when the lock file has changed, and only then', async () => {
    const checkout = new Checkout();
    await checkout.run('setup');
    const future = Date.now() / 1000 + 100;
    utimesSync(path.join(checkout.root, 'package-lock.json'), future, future);
    await checkout.run('setup');
    expect(checkout.npmCalls).toHaveLength(1);
    checkout.write('package-lock.json', '{"version":2}');
    utimesSync(path.join(checkout.root, 'package-lock.json'), future, future);
    await checkout.run('setup');
    expect(checkout.npmCalls).toHaveLength(2);
  });

  it('take what the user has installed', async () => {
    const checkout = new Checkout();
    checkout.write('node_modules/.package-lock.json', '{}');
    expect(await checkout.run('dfs')).toMatchObject({ code: 0, stderr: '' });
    expect(checkout.npmCalls).toEqual([]);
  });

  it('show why an install failed, and try again the next time', async () => {
    const checkout = new Checkout();
    const failed = await checkout.run('dfs', [], { FAKE_NPM_FAILS: '1' });
    expect(failed.code).toBe(1);
    expect(failed.stdout).toBe('');
    expect(failed.stderr).toContain('E404 no such thing\ndfs: npm ci failed');
    expect((await checkout.run('dfs')).code).toBe(0);
  });

  it('are not held up by an install that was killed', async () => {
    const checkout = new Checkout();
    // Its number grows no more; whether a process of its id lives says nothing, it may have been another container's.
    checkout.write('.cache/setup.lock/beat', '5\n');
    expect(await checkout.run('dfs')).toMatchObject({ code: 0, stdout: '[]\n' });
  });

  it('work through symbolic links, absolute and relative', async () => {
    const checkout = new Checkout();
    const elsewhere = scratchFolder();
    symlinkSync(path.join(checkout.root, 'bin/dfs'), path.join(elsewhere, 'absolute'));
    symlinkSync('absolute', path.join(elsewhere, 'relative'));
    expect(await checkout.run(path.join(elsewhere, 'relative'), ['x'])).toMatchObject({
      code: 0,
      stdout: '["x"]\n',
    });
  });

  it('pass on how the program ended', async () => {
    const checkout = new Checkout();
    checkout.write('packages/server/src/main.ts', 'process.exitCode = 3;');
    expect((await checkout.run('dfs')).code).toBe(3);
  });

  it('say what is missing where there is no Node that is new enough', async () => {
    const checkout = new Checkout();
    checkout.write('old/node', '#!/bin/sh\necho false\n');
    chmodSync(path.join(checkout.root, 'old/node'), 0o755);
    await checkout.run('setup');
    const PATH = `${path.join(checkout.root, 'old')}:/usr/bin:/bin`;
    writeFileSync(path.join(checkout.root, 'node_modules/.dfs-node'), '/gone/node\n');
    const { code, stderr } = await checkout.run('dfs', [], { PATH });
    expect(code).toBe(1);
    expect(stderr).toContain('Node 24 or later is needed');
  });
});
