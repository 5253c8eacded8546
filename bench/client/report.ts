import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from '../machine.ts';
import { figure, padded } from '../report/table.ts';
import { type Figures, STEPS, stepNames } from './figures.ts';
import type { Options } from './options.ts';

export interface Run {
  readonly machine: Machine;
  readonly options: Options;
  readonly figures: Figures;
  /** Of the servers. */
  readonly versions: readonly string[];
  /** Of the guest. */
  readonly kernel: string;
}

const PEER = 'ganesha';

/** A row for each step and number of connections; ratios are above 1 where dfs is faster. */
export function table(figures: Figures): string {
  const ours = [...figures.servers].filter((name) => name !== PEER);
  const head = ['step', 'connections', ...figures.servers, ...ours.map((name) => `${name} / ${PEER}`)];
  const rows = [...figures.connections].flatMap((connections) =>
    stepNames.map((step) => {
      const rate = (server: string) => figures.rate(server, connections, step);
      const peer = rate(PEER);
      const shown = (value: number | undefined) => (value === undefined ? '-' : figure(value));
      const ratios = ours.map((name) => {
        const own = rate(name);
        return own === undefined || peer === undefined ? '-' : `${figure(own / peer)}×`;
      });
      const rates = [...figures.servers].map((name) => shown(rate(name)));
      return [`${step} (${STEPS[step]})`, `${connections}`, ...rates, ...ratios];
    }),
  );
  return padded([head, ...rows]);
}

function page({ machine, options, figures, versions, kernel }: Run): string {
  return `# What a real client gets

Written by \`npm run bench:client\`: not edited by hand. Linux ${kernel} in a virtual machine (user-mode Linux, one CPU) mounts each server
in turn with vers=4.1 and does the same on it. ${versions.join('; ')}; all on the same disk (${machine.fileSystem}, ${machine.syncsPerSecond.toLocaleString('en-US')} fdatasync calls a second).
Medians of ${options.rounds} interleaved rounds on ${machine.cpus} CPUs (${machine.cpu}), Linux ${machine.kernel}.

${table(figures)}

- **untar**: a tree of 1,225 files with its git repository unpacked, then sync. **git-status**: in that tree, with cold caches.
  **create**: ${options.files} files of 4 KiB, one after the other. **stat**: each of them, with cold caches. **rename**, **unlink**: each of them.
  **write**: ${options.largeMib} MiB and fsync. **read**: the same, with cold caches.
- One caller waits for each answer but in write and read. There the server may use all CPUs; in the other steps it shares the guest's,
  since waking another CPU for each answer costs more than the answer.
- \`power\` and \`crash\` are grades of durability ([durability.md](durability.md)). Ganesha leaves metadata to the kernel's page cache, which is what
  \`crash\` gives.

Figures of every round: [benchmarks/client.json](benchmarks/client.json).
`;
}

/** Writes the page and the figures. */
export async function writeReport(root: string, run: Run): Promise<void> {
  const docs = join(root, 'docs');
  await mkdir(join(docs, 'benchmarks'), { recursive: true });
  const { machine, options, versions, kernel, figures } = run;
  const shown = JSON.stringify({ machine, options, versions, kernel, rates: figures }, undefined, 1);
  await writeFile(join(docs, 'benchmarks/client.json'), `${shown}\n`);
  await writeFile(join(docs, 'benchmarks-client.md'), page(run));
}
