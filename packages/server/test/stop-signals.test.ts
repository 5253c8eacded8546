import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';

const FIXTURE = path.join(import.meta.dirname, 'fixtures/slow-stop.ts');
const LONGER_THAN_AN_ECHO_MS = 700;

it('ends at once on a second signal, as that signal does, but not on an echo of the first', async () => {
  const child = spawn(process.execPath, [FIXTURE], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const until = async (text: string) => {
    while (!output.includes(text)) await delay(10);
  };
  await until('waiting');
  child.kill('SIGTERM');
  await until('stopping on SIGTERM');
  child.kill('SIGTERM');
  await delay(LONGER_THAN_AN_ECHO_MS);
  expect(child.exitCode ?? child.signalCode).toBeNull();
  child.kill('SIGINT');
  expect(await once(child, 'close')).toEqual([null, 'SIGINT']);
  expect(output).toContain('forced by SIGINT');
});
