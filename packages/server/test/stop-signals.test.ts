import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';

const FIXTURE = path.join(import.meta.dirname, 'fixtures/slow-stop.ts');
const LONGER_THAN_AN_ECHO_MS = 700;

/** As in a container without an init: the process has number 1. */
const canBeFirst =
  process.platform === 'linux' && spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0;

function output(child: ChildProcess) {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return {
    until: async (wanted: string) => {
      while (!text.includes(wanted)) await delay(10);
    },
  };
}

it('ends at once on a second signal, as that signal does, but not on an echo of the first', async () => {
  const child = spawn(process.execPath, [FIXTURE], { stdio: ['ignore', 'pipe', 'inherit'] });
  const { until } = output(child);
  await until('waiting');
  child.kill('SIGTERM');
  await until('stopping on SIGTERM');
  child.kill('SIGTERM');
  await delay(LONGER_THAN_AN_ECHO_MS);
  expect(child.exitCode ?? child.signalCode).toBeNull();
  child.kill('SIGINT');
  expect(await once(child, 'close')).toEqual([null, 'SIGINT']);
  await until('forced by SIGINT');
});

// The kernel drops signals to such a process where it has no handler for them.
it.runIf(canBeFirst)('ends on a second signal as the first process of a container, too', async () => {
  const unshared = spawn('unshare', ['--pid', '--fork', '--kill-child', process.execPath, FIXTURE], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void unshared.kill('SIGKILL'));
  const { until } = output(unshared);
  await until('waiting');
  const children = readFileSync(`/proc/${unshared.pid}/task/${unshared.pid}/children`, 'utf8');
  const first = Number(children.trim());
  process.kill(first, 'SIGTERM');
  await until('stopping on SIGTERM');
  await delay(LONGER_THAN_AN_ECHO_MS);
  const closed = once(unshared, 'close');
  process.kill(first, 'SIGTERM');
  await until('forced by SIGTERM');
  expect(await closed).toEqual([128 + constants.signals.SIGTERM, null]);
});
