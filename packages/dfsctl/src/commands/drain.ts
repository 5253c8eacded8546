import { DEFAULT_DRAIN_SECONDS, type DrainResult, MAX_DRAIN_SECONDS } from '@dfs/api';
import type { ApiClient } from '@dfs/api/client';
import { plural } from '@dfs/api/terminal';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { completeFromServer } from '../completion/registry.ts';
import type { Invocation } from '../invocation.ts';
import { findClient, findConnection, findSession } from '../resolve.ts';
import { drainedText } from '../views/connections.ts';

interface DrainFlags {
  /** Absent where the user said nothing. */
  readonly timeout?: number;
  readonly move?: boolean;
}

/** What a drain is about, once it has been found. */
interface Found {
  /** For the question, and for what is said after it. */
  readonly what: string;
  readonly connections: number | undefined;
  drain(api: ApiClient, seconds: number, flags: DrainFlags): Promise<DrainResult>;
}

const MEANING = 'what is in flight is answered, nothing new is done, then the connections are closed';
const TAKES_NONE = 'No new connections are taken until `dfsctl undrain';

/** `drain` of everything, with its opposite. */
export function addDrain(program: Command, run: Invocation): void {
  const drain = program.command('drain').description(`close connections in an orderly way: ${MEANING}`);
  addDrainConnection(drain, 'connection', run);
  addDrainSession(drain, 'session', run);
  addDrainClient(drain, 'client', run);
  const address = drainCommand(
    drain,
    'address',
    'all connections to a listening address',
    run,
    async (_api, name) => ({
      what: `address ${name}`,
      connections: undefined,
      drain: (api, seconds, { move, timeout }) =>
        move === true ? api.moveFromAddress(name, timeout) : api.drainAddress(name, seconds),
    }),
  ).option(
    '--move',
    'the address is to stay away: get clients that have another one to give it up, for which idle ones need up to the lease time (the default of --timeout then)',
  );
  completeFromServer(
    address.argument('<address>', 'HOST or HOST:PORT, IPv6 in brackets'),
    listeningAddresses,
  );
  address.addHelpText(
    'after',
    `\n${TAKES_NONE} address ADDRESS\`.\n\nExamples:\n  dfsctl drain address 10.0.0.5:2049\n  dfsctl drain address 10.0.0.5 --move`,
  );
  drainCommand(drain, 'server', 'all connections', run, async () => ({
    what: 'the server',
    connections: undefined,
    drain: (api, seconds) => api.drainServer(seconds),
  })).addHelpText(
    'after',
    `\n${TAKES_NONE} server\`.\n\nExample:\n  dfsctl drain server --timeout 60 && systemctl stop dfs`,
  );
  addUndrain(program, run);
}

function addUndrain(program: Command, run: Invocation): void {
  const undrain = program.command('undrain').description('take new connections again after a drain');
  const address = undrain
    .command('address')
    .argument('<address>', 'as it was drained')
    .description('on a drained address')
    .addHelpText('after', '\nExample:\n  dfsctl undrain address 10.0.0.5:2049')
    .action(async (name: string) => {
      await (await run.client()).undrainAddress(name);
      run.done(`address ${name} takes connections again`);
    });
  completeFromServer(address, listeningAddresses);
  undrain
    .command('server')
    .description('after a drain of the whole server')
    .addHelpText('after', '\nExample:\n  dfsctl undrain server')
    .action(async () => {
      await (await run.client()).undrainServer();
      run.done('the server takes connections again');
    });
}

export function addDrainConnection(parent: Command, name: string, run: Invocation): void {
  const command = drainCommand(parent, name, 'one connection', run, async (api, given) => {
    const found = await findConnection(api, given);
    const id = found.connection_id;
    return {
      what: `connection ${id} from ${found.remote}`,
      connections: 1,
      drain: (_api, seconds) => api.drainConnection(id, seconds),
    };
  });
  completeFromServer(command.argument('<connection>', 'its number'), async (api) =>
    (await api.connections()).connections.map((c) => [String(c.connection_id), c.remote]),
  );
  command.addHelpText('after', '\nExample:\n  dfsctl client connections drain 12 --timeout 5');
}

export function addDrainSession(parent: Command, name: string, run: Invocation): void {
  const command = drainCommand(parent, name, 'all connections of a session', run, async (api, given) => {
    const { client_id, session_id, connection_summary } = await findSession(api, given);
    return {
      what: `session ${session_id}`,
      connections: connection_summary.total,
      drain: (_api, seconds) => api.drainSession(client_id, session_id, seconds),
    };
  });
  completeFromServer(command.argument('<session>', 'its id, or enough of its beginning or end'), sessionIds);
  command.addHelpText('after', '\nExample:\n  dfsctl client sessions drain ca47');
}

export function addDrainClient(parent: Command, name: string, run: Invocation): void {
  const command = drainCommand(
    parent,
    name,
    "all connections of a client's sessions",
    run,
    async (api, given) => {
      const { client_id, connections, address } = await findClient(api, given);
      return {
        what: `client ${client_id} at ${address}`,
        connections,
        drain: (_api, seconds) => api.drainClient(client_id, seconds),
      };
    },
  );
  completeFromServer(command.argument('<client>', 'its id, or enough of its beginning or end'), clientIds);
  command.addHelpText('after', '\nExample:\n  dfsctl client drain ca47');
}

export async function clientIds(api: ApiClient): Promise<[string, string][]> {
  return (await api.clients()).clients.map((client) => [
    client.client_id,
    `${client.address} ${client.owner}`,
  ]);
}

export async function sessionIds(api: ApiClient): Promise<[string, string][]> {
  return (await api.sessions()).sessions.map((session) => [
    session.session_id,
    `of client ${session.client_id}`,
  ]);
}

async function listeningAddresses(api: ApiClient): Promise<[string, string][]> {
  const { listeners } = await api.status();
  return listeners.filter((l) => l.protocol === 'nfs').map((l) => [l.address, 'listens']);
}

function drainCommand(
  parent: Command,
  name: string,
  description: string,
  run: Invocation,
  find: (api: ApiClient, given: string) => Promise<Found>,
): Command {
  return parent
    .command(name)
    .description(`drain ${description}: ${MEANING}`)
    .addOption(
      new Option(
        '--timeout <seconds>',
        `close what is still busy after this time (default: ${DEFAULT_DRAIN_SECONDS})`,
      ).argParser(parseSeconds),
    )
    .action(async (...args: unknown[]) => {
      const given = typeof args[0] === 'string' ? args[0] : '';
      const flags = args.find((arg) => isDrainFlags(arg)) ?? {};
      const api = await run.client();
      const found = await find(api, given);
      const many = found.connections === undefined ? '' : ` (${plural(found.connections, 'connection')})`;
      await run.confirm(`Drain ${found.what}${many}?`);
      const result = await found.drain(api, flags.timeout ?? DEFAULT_DRAIN_SECONDS, flags);
      run.show(result, () => drainedText(found.what, result));
    });
}

function isDrainFlags(value: unknown): value is DrainFlags {
  return typeof value === 'object' && value !== null && ('timeout' in value || 'move' in value);
}

export function parseSeconds(text: string): number {
  const seconds = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds <= MAX_DRAIN_SECONDS)) throw new InvalidArgumentError(`0 to ${MAX_DRAIN_SECONDS} seconds.`);
  return seconds;
}
