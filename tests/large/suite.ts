import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, Daemon } from './daemon.ts';
import { Deep } from './deep.ts';
import { Many } from './many.ts';
import type { Options } from './options.ts';
import { Report } from './report.ts';
import { listAll } from './work.ts';

const MS = 1000;

/** All of it, in a data directory of its own. Resolves to what was wrong. */
export async function runSuite(options: Options, say: (line: string) => void): Promise<readonly string[]> {
  const report = new Report(say);
  const folder = await mkdtemp(join(tmpdir(), 'dfs-large-'));
  const data = join(folder, 'data');
  let daemon = await Daemon.start(data);
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const from = performance.now();
    const result = await work();
    report.note(`${what}: ${((performance.now() - from) / MS).toFixed(1)} s`);
    return result;
  };
  const verify = async (when: string): Promise<void> => {
    await timed('stopped', () => daemon.stop());
    const found = await timed(`dfs check ${when}`, () => check(data));
    report.expect(found === '', `dfs check ${when}: ${found}`);
    daemon = await timed('started', () => Daemon.start(data));
  };
  try {
    const deep = await timed('directories made', () => Deep.make(daemon, options, report));
    await timed('walks', () => deep.walk());
    await timed('moves', () => deep.move());
    const many = await timed('files made', () => Many.make(daemon, options, report));
    await timed('lookups', () => many.lookUp());
    await timed('listings', () => many.list());
    await verify('of all that was made');
    await timed('lookups after a restart', () => many.on(daemon).lookUp());
    await timed('files removed', () => many.on(daemon).remove());
    await timed('directories removed', () => deep.on(daemon).remove());
    const left: string[] = [];
    await listAll(daemon, daemon.root, [], (name) => left.push(name));
    report.expect(left.length === 0, `left at the top: ${left.join(', ')}`);
    await verify('when all is gone');
  } finally {
    await daemon.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return report.failures;
}
