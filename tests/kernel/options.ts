import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Suite, suites } from './rig/kernel.ts';
import { network } from './rig/net.ts';
import { Refusal } from './rig/process.ts';
import { seldom, steered, workloads, workloadsOf } from './workloads.ts';

export type Address = { readonly host: string; readonly port: number };

/** One way to mount the share. */
export type Combination = {
  readonly vers: string;
  readonly nconnect: number;
  /** Does its guest run the workloads that steer the server, or the others? */
  readonly steered: boolean;
};

/** A server that runs already, and the path it exports. */
export type OtherServer = { readonly address: Address; readonly path: string };

export type Options = {
  readonly server: OtherServer | undefined;
  readonly combinations: readonly Combination[];
  readonly workloads: readonly string[];
  readonly full: boolean;
  readonly capture: boolean;
  readonly kernel: Suite | undefined;
  readonly seed: number;
  readonly fsxSteps: number | undefined;
  readonly moduleOptions: readonly string[];
  readonly cpus: string | undefined;
  readonly json: string | undefined;
  readonly exec: string | undefined;
  readonly keep: boolean;
};

export const help = `node tests/kernel/run.ts [options]: a real Linux kernel mounts a server and works on it

  --server HOST:PORT:/PATH  test this server; without it dfs is started for the run
  --full                every size at its largest in every combination (the default suits CI)
  --vers LIST           NFS versions to mount with (4.1,4.2)
  --nconnect LIST       connections of a mount (1,8)
  --only LIST           only these workloads
  --exec COMMAND        mount, run this in the share instead of the workloads, and show what it prints
  --kernel SUITE        the kernel of Debian sid, trixie or bookworm; default: the newest to be had
  --module-option LINE  for the guest's modprobe, such as 'nfsv4 directory_delegations=0'; may be repeated
  --no-capture          no dumpcap, no tshark
  --seed N              for the random workload
  --fsx-steps N         of the random workload, in every combination
  --cpus LIST           CPUs for guest and server, as taskset takes them, or all; default: the last one, since the
                        guest has one CPU, and waking up another for each answer costs more than it brings
  --json FILE           write the results there too
  --keep                keep the run's folder: logs, captures, the server's data
  --list                name the workloads

Status: 0 all well, 1 something failed, 2 wrong options, 3 the machine lacks something (it says what).`;

const MAX_NCONNECT = 16;
const MAX_PORT = 65_535;

function list(text: string): string[] {
  return text.split(',').filter((part) => part !== '');
}

function oneOf<T extends string>(text: string, known: readonly T[], what: string): T {
  const found = known.find((name) => name === text);
  if (found === undefined) throw new Refusal(`${what} ${text}: not one of ${known.join(', ')}`);
  return found;
}

function number(text: string, least: number, most: number, what: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new Refusal(`${what} ${text}: not a whole number from ${least} to ${most}`);
}

function otherServer(text: string): OtherServer {
  const parts = /^(.+):(\d+):(\/.*)$/.exec(text);
  if (parts === null) throw new Refusal(`--server ${text}: not HOST:PORT:/PATH`);
  const [, host = '', port = '', path = ''] = parts;
  return {
    address: { host: host.replace(/^\[(.*)\]$/, '$1'), port: number(port, 1, MAX_PORT, "--server's port") },
    path,
  };
}

const definitions = {
  server: { type: 'string' },
  full: { type: 'boolean', default: false },
  vers: { type: 'string', default: '4.1,4.2' },
  nconnect: { type: 'string', default: '1,8' },
  only: { type: 'string' },
  exec: { type: 'string' },
  kernel: { type: 'string' },
  'module-option': { type: 'string', multiple: true },
  'no-capture': { type: 'boolean', default: false },
  seed: { type: 'string' },
  'fsx-steps': { type: 'string' },
  cpus: { type: 'string' },
  json: { type: 'string' },
  keep: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: definitions }).values;
  } catch (error) {
    throw new Refusal(error instanceof Error ? error.message : String(error));
  }
}

/** The last of the CPUs that this process may run on. */
function lastCpu(): string | undefined {
  const status = readFileSync('/proc/self/status', 'utf8');
  return /^Cpus_allowed_list:.*?(\d+)$/m.exec(status)?.[1];
}

/** Each version with each number of connections, and one guest for the workloads that steer dfs, where any are wanted. */
function waysToMount(
  versions: readonly string[],
  connections: readonly number[],
  selected: readonly string[],
  { server, exec }: { readonly server?: string | undefined; readonly exec?: string | undefined },
): Combination[] {
  const plain = versions.flatMap((vers) =>
    connections.map((nconnect) => ({ vers, nconnect, steered: false })),
  );
  if (exec !== undefined) return plain;
  const vers = versions.at(-1);
  const steers = server === undefined && vers !== undefined && workloadsOf(selected, true).length > 0;
  return [
    ...(workloadsOf(selected, false).length > 0 ? plain : []),
    ...(steers ? [{ vers, nconnect: 1, steered: true }] : []),
  ];
}

/** The options of a command line, or a text to print instead; a Refusal names what is wrong. */
export function parseOptions(args: readonly string[]): Options | string {
  const values = parsed(args);
  if (values.help) return help;
  const all = [...workloads, ...steered];
  if (values.list) return all.join('\n');
  const versions = list(values.vers).map((vers) => oneOf(vers, ['4.0', '4.1', '4.2'], '--vers'));
  const connections = list(values.nconnect).map((count) => number(count, 1, MAX_NCONNECT, '--nconnect'));
  const only = values.only === undefined ? undefined : list(values.only);
  for (const name of only ?? [])
    oneOf(
      name,
      all.map((file) => file.replace(/\..*/, '')),
      '--only',
    );
  const most = 2 ** 32 - 1;
  const selected = all.filter((file) =>
    only === undefined ? values.full || !seldom.includes(file) : only.includes(file.replace(/\..*/, '')),
  );
  return {
    server: values.server === undefined ? undefined : otherServer(values.server),
    combinations: waysToMount(versions, connections, selected, values),
    workloads: selected,
    full: values.full,
    capture: !values['no-capture'],
    kernel: values.kernel === undefined ? undefined : oneOf(values.kernel, suites, '--kernel'),
    seed: values.seed === undefined ? Date.now() % most : number(values.seed, 0, most, '--seed'),
    fsxSteps:
      values['fsx-steps'] === undefined ? undefined : number(values['fsx-steps'], 1, most, '--fsx-steps'),
    moduleOptions: values['module-option'] ?? [],
    cpus: values.cpus === undefined ? lastCpu() : values.cpus === 'all' ? undefined : values.cpus,
    json: values.json,
    exec: values.exec,
    keep: values.keep,
  };
}

/** Where the server is, as the guest sees it. */
export const guestSide: Address = { host: network.server, port: 12_049 };
/** Where a workload in the guest asks for what only the host can do; see rig/operator.ts. */
export const operatorSide: Address = { host: network.server, port: 12_050 };
