import type { Page } from 'playwright-core';
import { cpuMs } from '../servers/cpu.ts';
import { descendants } from './cost.ts';

export interface Drawing {
  readonly frames: number;
  readonly seconds: number;
  /** Of the page's main thread in that time. */
  readonly taskMs: number;
  readonly scriptMs: number;
  /** Of all threads of all of the browser's processes: drawing without a graphics card is most of it. */
  readonly browserMs: number;
  /** Milliseconds between two frames, at the most. */
  readonly longest: number;
}

const MS = 1000;

/** Runs in the page. */
const COUNT = (seconds: number) => `new Promise((done) => {
  const start = performance.now();
  let [frames, before, longest] = [0, start, 0];
  const next = () => {
    const now = performance.now();
    longest = Math.max(longest, now - before);
    before = now;
    frames++;
    if (now - start < ${seconds * MS}) requestAnimationFrame(next);
    else done({ frames, seconds: (now - start) / ${MS}, longest });
  };
  requestAnimationFrame(next);
})`;

/** Counts frames, and what the page's main thread did meanwhile: the latter says more where other programs take the processor. */
export async function drawingOf(page: Page, seconds: number): Promise<Drawing> {
  const debug = await page.context().newCDPSession(page);
  await debug.send('Performance.enable', { timeDomain: 'threadTicks' });
  const read = async () => {
    const { metrics } = await debug.send('Performance.getMetrics');
    const of = (wanted: string) => (metrics.find(({ name }) => name === wanted)?.value ?? 0) * MS;
    return { task: of('TaskDuration'), script: of('ScriptDuration') };
  };
  const processes = descendants('chromium');
  const browser = () => processes.reduce((sum, pid) => sum + cpuMs(pid), 0);
  const before = await read();
  const browserBefore = browser();
  const counted = (await page.evaluate(COUNT(seconds))) as Pick<Drawing, 'frames' | 'seconds' | 'longest'>;
  const browserMs = browser() - browserBefore;
  const after = await read();
  await debug.detach();
  return { ...counted, browserMs, taskMs: after.task - before.task, scriptMs: after.script - before.script };
}
