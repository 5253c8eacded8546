import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { LogSink, MAX_WAITING_BYTES } from '../src/daemon/log-sink.ts';
import { scratchFolder } from './helpers/config.ts';

const LINE = `${'x'.repeat(1023)}\n`;

it('writes in order, behind what a file holds', async () => {
  const file = path.join(scratchFolder(), 'log');
  for (const round of [0, 1]) {
    const fd = openSync(file, 'a');
    const sink = new LogSink(fd);
    for (let i = 0; i < 1000; i++) sink.write(`${round} ${i}\n`);
    await sink.flush(10_000);
    closeSync(fd);
  }
  const expected = [0, 1].flatMap((round) => Array.from({ length: 1000 }, (_, i) => `${round} ${i}\n`));
  expect(readFileSync(file, 'utf8')).toBe(expected.join(''));
});

it('drops messages while a pipe is stuck, says how many, and never waits for it', async () => {
  const fifo = path.join(scratchFolder(), 'fifo');
  execFileSync('mkfifo', [fifo]);
  const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  const sink = new LogSink(fd);
  const lines = (2 * MAX_WAITING_BYTES) / LINE.length;
  // Nobody reads before this is over: whatever waited for the pipe would wait for ever.
  for (let i = 0; i < lines; i++) sink.write(LINE);
  await sink.flush(50);
  const flushed = sink.flush(20_000);
  let text = '';
  const buffer = Buffer.alloc(65_536);
  let isDone = false;
  void flushed.then(() => {
    isDone = true;
  });
  for (;;) {
    // What was written by then is read after; an empty pipe alone says nothing.
    const wasDone = isDone;
    try {
      text += buffer.toString('latin1', 0, readSync(fd, buffer));
    } catch {
      if (wasDone) break;
      await delay(5);
    }
  }
  const written = text.split(LINE).length - 1;
  const dropped = Number(/dropped.*"count":(\d+)/.exec(text)?.[1]);
  expect(written + dropped).toBe(lines);
  expect(dropped).toBeGreaterThan(0);
  closeSync(fd);
});

it('goes on without a log when its reader is gone', async () => {
  const fd = openSync('/dev/full', 'w');
  const sink = new LogSink(fd);
  sink.write('a\n');
  await sink.flush(1_000);
  sink.write('b\n');
  await sink.flush(1_000);
  closeSync(fd);
});
