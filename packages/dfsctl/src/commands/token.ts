import type { TokenRequest } from '@dfs/api';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { completeFromServer } from '../completion/registry.ts';
import type { Invocation } from '../invocation.ts';
import { findToken } from '../resolve.ts';
import { newTokenView, tokensView } from '../views/tokens.ts';

const DAY = 86_400;
const MAX_DAYS = 3660;
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: DAY };

export function addToken(program: Command, run: Invocation): void {
  const token = program.command('token').description('tokens for the API over the network');
  token
    .command('list')
    .description('all tokens, without their secrets')
    .addHelpText('after', '\nExample:\n  dfsctl token list')
    .action(async () =>
      run.show(await (await run.client()).tokens(), ({ tokens }, paint) => tokensView(tokens, paint)),
    );
  token
    .command('create')
    .description('make a token; its secret is shown once')
    .argument('<name>', 'what it is for')
    .addOption(
      new Option('--role <role>', 'read: look at everything; admin: change everything')
        .choices(['read', 'admin'])
        .default('read'),
    )
    .addOption(
      new Option('--expires <time>', '90s, 30m, 12h or 30d; never where absent').argParser(parseTime),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  dfsctl token create grafana\n  dfsctl token create alice --role admin --expires 90d -o json',
    )
    .action(async (name: string, flags: { role: TokenRequest['role']; expires?: number }) => {
      const expires = flags.expires === undefined ? {} : { expires_in_seconds: flags.expires };
      run.show(await (await run.client()).createToken({ name, role: flags.role, ...expires }), newTokenView);
    });
  const revoke = token
    .command('revoke')
    .description('end a token at once')
    .argument('<token>', 'its id or its name')
    .addHelpText('after', '\nExample:\n  dfsctl token revoke grafana --yes')
    .action(async (given: string) => {
      const api = await run.client();
      const { id, name } = await findToken(api, given);
      await run.confirm(`Revoke token ${id}, "${name}"?`);
      await api.revokeToken(id);
      run.done(`revoked token ${id}, "${name}"`, { revoked: id });
    });
  completeFromServer(revoke, async (api) => (await api.tokens()).tokens.map(({ id, name }) => [id, name]));
}

function parseTime(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (UNITS[unit] ?? 0);
  if (seconds < 1 || seconds > MAX_DAYS * DAY) {
    throw new InvalidArgumentError('Say it as 90s, 30m, 12h or 30d, at most ten years.');
  }
  return seconds;
}
