import path from 'node:path';
import { ApiClient, type ApiEndpoint } from '@dfs/api/client';
import { printable, table } from '@dfs/api/terminal';
import type { Command } from 'commander';
import { askSecret, canAsk, readInput } from '../ask.ts';
import { completeWith } from '../completion/registry.ts';
import type { Invocation } from '../invocation.ts';
import {
  type Context,
  type Contexts,
  checkName,
  LOCAL,
  readContexts,
  writeContexts,
} from '../remote/contexts.ts';
import { remote, serverUrl, VARIABLES } from '../remote/endpoint.ts';
import { UsageError } from '../usage-error.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

const EXAMPLES = `
Examples:
  dfsctl login https://nas.example:8443
  dfsctl login https://10.0.0.5:8443 --ca nas.pem --name nas
  pass show nas | dfsctl login https://nas.example:8443

The token is asked for, or read from a pipe. \`dfsctl token create\` on the server makes one.`;

/** `login` and `context`: servers that have a name here. */
export function addLogin(program: Command, run: Invocation): void {
  program
    .command('login')
    .description('remember a remote server with its token, and use it from now on')
    .argument('<url>', 'https://HOST:PORT')
    .option('--name <name>', "what to call it (default: the server's host name)")
    .addHelpText('after', EXAMPLES)
    .action(async (url: string, flags: { readonly name?: string }) => login(url, flags.name, run));
  addContext(program, run);
}

async function login(text: string, name: string | undefined, run: Invocation): Promise<void> {
  const url = serverUrl(text);
  const called = checkName(name ?? url.hostname.replace(/^\[|\]$/g, '').replaceAll(':', '-'));
  const known = readContexts(run.env);
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    run.remark('warning: without https, everybody on the way can read the token');
  }
  const token = run.flags.token ?? run.env[VARIABLES.token] ?? (await typedToken(url));
  if (token === '') throw new UsageError('no token was given');
  const caFile = run.flags.ca === undefined ? undefined : path.resolve(run.flags.ca);
  const endpoint = remote(text, token, caFile);
  const { version } = await proven(endpoint);
  const context: Context = { server: url.origin, token, ...(caFile !== undefined && { ca: caFile }) };
  const contexts = new Map([...known.contexts, [called, context]]);
  writeContexts(run.env, { current: called, contexts });
  run.done(
    `logged in to ${url.origin} (dfs ${printable(version)}) as context "${called}", which is used from now on`,
    {
      context: called,
      server: url.origin,
    },
  );
}

/** Asks the server something that only a good token gets an answer to. */
async function proven(endpoint: ApiEndpoint) {
  return await new ApiClient(endpoint).status();
}

async function typedToken(url: URL): Promise<string> {
  if (!canAsk()) return await readInput();
  return (await askSecret(`Token for ${url.origin}: `)).trim();
}

function addContext(program: Command, run: Invocation): void {
  const context = program.command('context').description('servers that were logged in to');
  context
    .command('list')
    .description('all contexts; the one in use has a star')
    .addHelpText('after', '\nExample:\n  dfsctl context list')
    .action(() => {
      const known = readContexts(run.env);
      run.show(listed(known), ({ contexts }, paint) =>
        table(
          ['', 'NAME', 'SERVER', 'TOKEN'],
          contexts.map((each) => [
            each.current ? '*' : '',
            each.name,
            printable(each.server),
            each.token ? 'yes' : '',
          ]),
          paint,
        ),
      );
    });
  const use = context
    .command('use')
    .description(`use a context from now on; "${LOCAL}" is the server of this machine`)
    .argument('<name>')
    .addHelpText('after', `\nExamples:\n  dfsctl context use nas\n  dfsctl context use ${LOCAL}`)
    .action((name: string) => {
      const { contexts } = readContexts(run.env);
      if (name !== LOCAL) known(contexts, name);
      writeContexts(run.env, { current: name === LOCAL ? undefined : name, contexts });
      run.done(`using ${name}`, { current: name });
    });
  const remove = context
    .command('remove')
    .description('forget a server and its token (the server keeps the token: see token revoke)')
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  dfsctl context remove nas')
    .action(async (name: string) => {
      const { current, contexts } = readContexts(run.env);
      known(contexts, name);
      await run.confirm(`Forget ${name} and its token?`);
      const rest = new Map([...contexts].filter(([each]) => each !== name));
      writeContexts(run.env, { current: current === name ? undefined : current, contexts: rest });
      run.done(`removed ${name}`, { removed: name });
    });
  for (const command of [use, remove]) completeWith(command, async () => names(readContexts(run.env)));
}

function listed({ current, contexts }: Contexts) {
  const all = [...contexts].map(([name, context]) => ({
    name,
    current: name === current,
    server: context.server ?? context.socket ?? '',
    token: context.token !== undefined,
  }));
  const local = {
    name: LOCAL,
    current: current === undefined,
    server: 'the server of this machine',
    token: false,
  };
  return { contexts: [local, ...all] };
}

function known(contexts: Contexts['contexts'], name: string): void {
  if (contexts.has(name)) return;
  throw new UsageError(`there is no context ${JSON.stringify(name)}: see dfsctl context list`);
}

function names({ contexts }: Contexts): [string, string][] {
  return [...contexts].map(([name, context]) => [name, context.server ?? context.socket ?? '']);
}
