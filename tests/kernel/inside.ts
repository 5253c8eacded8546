/**
 * The inner half of the runner: the first process of its own process and network namespaces, so that the network is
 * nobody else's and everything ends with it. Gets its plan from run.ts over the IPC channel.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runCombination, type Setting } from './combination.ts';
import { makeFixtures } from './fixtures.ts';
import { type Combination, guestSide, type Options, operatorSide } from './options.ts';
import { type CombinationReport, failures, label, type Report, slug, summary } from './report.ts';
import { Cutter } from './rig/cutter.ts';
import { takePlan } from './rig/inner.ts';
import { cacheDir, type Kernel } from './rig/kernel.ts';
import { makeNetwork, network } from './rig/net.ts';
import { startOperator } from './rig/operator.ts';
import { toolVersions } from './rig/packages.ts';
import { offerRelay } from './rig/relay.ts';
import { serverLog, sharePath, TestServer } from './rig/server.ts';
import { type Span, spanOf } from './stalls.ts';

export type Plan = {
  readonly options: Options;
  readonly kernel: Kernel;
  readonly root: string;
  readonly runDir: string;
};

const say = (line: string): void => console.log(line);

/** Watches for times in which the host had no CPU for a process that wants little. */
function watchHost(starved: Span[]): void {
  const ticker = spawn(process.execPath, [join(import.meta.dirname, 'rig/ticker.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: ticker.stdout }).on('line', (line) => {
    const [, from = '', to = ''] = line.split(' ');
    starved.push(spanOf(Number(from), Number(to)));
  });
}

/** Starts dfs, or opens the way to the server that was named. Undefined for the latter. */
async function provideServer({ options, root, runDir }: Plan): Promise<TestServer | undefined> {
  if (options.server === undefined) {
    const { port } = guestSide;
    const addresses = [guestSide, { host: network.secondServer, port }];
    const server = await TestServer.start({
      root,
      addresses,
      dir: join(runDir, 'server'),
      cpus: options.cpus,
    });
    const cutter = await Cutter.start({ host: network.cutter, port }, guestSide);
    await startOperator(operatorSide, { server, cutter, root, port });
    return server;
  }
  await offerRelay(guestSide, (listener) => {
    return new Promise((resolve, reject) => {
      if (process.send === undefined) throw new Error('inside.ts is started by run.ts');
      process.send('relay', listener, {}, (error) => (error === null ? resolve() : reject(error)));
    });
  });
  return undefined;
}

/** In the profile for CI, the last way of mounting that has workloads of a size. */
const withLargestSizes = (combinations: readonly Combination[]): Combination | undefined =>
  combinations.findLast(({ steered }) => !steered);

async function runAll(plan: Plan, server: TestServer | undefined): Promise<Report> {
  const began = Date.now();
  const { options, kernel, root, runDir } = plan;
  const fixtures = join(runDir, 'fixtures');
  await makeFixtures(fixtures);
  const hostStarved: Span[] = [];
  watchHost(hostStarved);
  const abort = new AbortController();
  const problems: string[] = [];
  let stopping = false;
  server?.gone.then((code) => {
    if (stopping) return;
    problems.push(`the server ended by itself, with status ${code}`);
    abort.abort();
  });
  const exportPath = options.server?.path ?? sharePath;
  const setting: Setting = {
    options,
    kernel,
    root,
    runDir,
    fixtures,
    exportPath,
    hostStarved,
    abort: abort.signal,
    say,
  };
  const reports: Promise<CombinationReport>[] = [];
  const largest = withLargestSizes(options.combinations);
  for (const combination of options.combinations) {
    if (abort.signal.aborted) break;
    say(`${label(combination)}: Linux ${kernel.version} boots`);
    const { report } = await runCombination(setting, combination, combination === largest);
    reports.push(report);
  }
  stopping = true;
  const wrong = abort.signal.aborted ? undefined : await server?.stop();
  if (wrong !== undefined) problems.push(`stopping the server: ${wrong}`);
  const starved = hostStarved.map(([from, to]) => to - from);
  const address = options.server?.address;
  return {
    server: address === undefined ? 'dfs' : `${address.host}:${address.port}`,
    kernel: kernel.version,
    profile: options.full ? 'full' : 'ci',
    seed: options.seed,
    tools: await toolVersions(),
    combinations: await Promise.all(reports),
    hostStarved: {
      total: starved.reduce((sum, length) => sum + length, 0),
      longest: Math.max(0, ...starved),
    },
    failures: problems,
    seconds: (Date.now() - began) / 1000,
  };
}

/** Keeps the logs of the last run, and the captures with something wrong in them, where the cache is. */
function keepLogs({ runDir }: Plan, report: Report): string {
  const last = join(cacheDir(), 'last');
  rmSync(last, { recursive: true, force: true });
  mkdirSync(last, { recursive: true });
  writeFileSync(join(last, 'results.json'), `${JSON.stringify(report, null, 2)}\n`);
  const log = serverLog(join(runDir, 'server'));
  if (existsSync(log)) cpSync(log, join(last, 'server.log'));
  for (const name of readdirSync(runDir)) {
    const console = join(runDir, name, 'console.log');
    if (existsSync(console)) cpSync(console, join(last, `${name}.console.log`));
  }
  for (const { combination, capture } of report.combinations) {
    const pcap = `${slug(combination)}.pcap`;
    if (capture !== undefined && capture.malformed > 0) cpSync(join(runDir, pcap), join(last, pcap));
  }
  return last;
}

async function main(plan: Plan): Promise<number> {
  await makeNetwork();
  const server = await provideServer(plan);
  const report = await runAll(plan, server);
  say(summary(report));
  const last = keepLogs(plan, report);
  say(`results and logs: ${last}`);
  if (plan.options.json !== undefined)
    writeFileSync(plan.options.json, `${JSON.stringify(report, null, 2)}\n`);
  return failures(report).length === 0 ? 0 : 1;
}

takePlan('test:kernel', main);
