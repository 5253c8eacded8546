import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Files, NfsClient } from '../../src/client/index.ts';
import { refused } from '../support/suite.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/object-tree.ts', import.meta.url));

/** Starts the example as a user does, on any free port; yields that. */
async function start() {
  const child = spawn(process.execPath, [EXAMPLE, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  const [, port] =
    /mount -t nfs -o vers=4\.2,port=(\d+) 127\.0\.0\.1:\/objects \/mnt\n/.exec(String(line)) ?? [];
  return {
    port: Number(port),
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'exit');
    },
  };
}

it('serves an object and prints how to mount it', async () => {
  await using example = await start();
  const client = new NfsClient({ port: example.port, minor: 2 });
  await using _closing = { [Symbol.asyncDispose]: () => client.close() };
  await client.exchangeId();
  const session = await client.createSession();
  await session.reclaimComplete();
  const f = await Files.mount(session, '/objects');
  expect(await f.names('')).toEqual(['hello.txt', 'numbers', 'poems']);
  expect(String(await f.readFile('numbers/answer'))).toBe('42');
  expect(String(await f.readFile('poems/basho/pond.txt'))).toContain('silence again');
  expect((await f.stat('hello.txt')).size).toBe(32n);
  await refused(f.mkdir('d'), 'NFS4ERR_ROFS');
  await refused(f.remove('hello.txt'), 'NFS4ERR_ROFS');
  await refused(f.writeFile('hello.txt', 'x'), 'NFS4ERR_ROFS', 'NFS4ERR_ACCESS');
  await refused(f.lookup('numbers/none'), 'NFS4ERR_NOENT');
  await refused(f.lookup('hello.txt/none'), 'NFS4ERR_NOTDIR');
});
