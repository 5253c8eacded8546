import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { Files, NfsClient } from '../src/client/index.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const EXAMPLE = 'object-tree.ts';
const TIMEOUT_MS = 300_000;

const folder = mkdtempSync(path.join(tmpdir(), 'dfs-package-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** npm hands its own settings on to what it starts, which would be this repository's. */
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
  npm_config_offline: 'true',
  npm_config_cache: path.join(folder, 'cache'),
  npm_config_update_notifier: 'false',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
};

async function run(cwd: string, program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd, env });
  return stdout;
}

/** A program that serves; yields the port that it prints. */
async function serving(cwd: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    port: Number(/port=(\d+)/.exec(String(line))?.[1]),
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'exit');
    },
  };
}

async function names(port: number, share: string): Promise<string[]> {
  const session = await NfsClient.start({ port, minor: 2 });
  await using _ = { [Symbol.asyncDispose]: () => session.client.close() };
  return (await Files.mount(session, share)).names('');
}

it('can be installed from what npm packs, and serves from there', { timeout: TIMEOUT_MS }, async () => {
  const built = path.join(folder, 'built');
  await run(ROOT, process.execPath, 'scripts/nfs-package.ts', built);
  const [packed] = JSON.parse(await run(folder, 'npm', 'pack', '--json', built)) as [
    { readonly files: readonly { readonly path: string }[] },
  ];
  const files = packed.files.map((file) => file.path);
  expect(files.filter((file) => !file.startsWith('lib/'))).toEqual(['LICENSE', 'README.md', 'package.json']);
  expect(files.filter((file) => file.startsWith('lib/') && !/\.(d\.ts|js)$/.test(file))).toEqual([]);

  const user = path.join(folder, 'user');
  mkdirSync(user);
  // Some versions of npm say another name than they have given it.
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  writeFileSync(path.join(user, 'package.json'), '{"type":"module"}');
  await run(user, 'npm', 'install', path.join(folder, tarball));
  copyFileSync(path.join(ROOT, 'packages/nfs/examples', EXAMPLE), path.join(user, EXAMPLE));
  {
    await using example = await serving(user, EXAMPLE, '0');
    expect(await names(example.port, '/objects')).toEqual(['hello.txt', 'numbers', 'poems']);
  }
  // What its README shows.
  const [, code = ''] =
    /```js\n([\s\S]*?)```/.exec(readFileSync(path.join(built, 'README.md'), 'utf8')) ?? [];
  writeFileSync(path.join(user, 'readme.js'), code.replace('port: 12049', 'port: 0'));
  {
    await using readme = await serving(user, 'readme.js');
    expect(await names(readme.port, '/one')).toEqual(['hello.txt']);
  }
  writeFileSync(path.join(user, 'client.js'), "import '@dfs/nfs/client';\n");
  await run(user, process.execPath, 'client.js');

  // Its types, as TypeScript finds them there.
  const settings = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', 'node'];
  const types = ['--typeRoots', path.join(ROOT, 'node_modules/@types')];
  const compiler = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  await run(user, process.execPath, compiler, ...settings, ...types, EXAMPLE);
  writeFileSync(
    path.join(user, 'wrong.ts'),
    "import { createNfsServer } from '@dfs/nfs';\nawait createNfsServer(1);\n",
  );
  const refused = run(user, process.execPath, compiler, ...settings, ...types, 'wrong.ts');
  await expect(refused).rejects.toMatchObject({ stdout: expect.stringContaining('TS2345') as string });
});
