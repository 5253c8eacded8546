import type { Role } from '@dfs/api';
import { type Command, Option } from 'commander';
import type { Invocation } from '../invocation.ts';

export function addConsole(program: Command, run: Invocation): void {
  program
    .command('console')
    .description('a link that opens the web console once')
    .addOption(
      new Option('--role <role>', 'read: look at everything; admin: change everything')
        .choices(['read', 'admin'])
        .default('admin'),
    )
    .option('--sign-out-all', 'end the sessions of all browsers instead')
    .addHelpText(
      'after',
      '\nExamples:\n  dfsctl console\n  dfsctl console --role read\n  dfsctl console --sign-out-all',
    )
    .action(async (flags: { role: Role; signOutAll?: true }) => {
      const api = await run.client();
      if (flags.signOutAll === true) {
        await api.signOutAll();
        run.done('all browsers are signed out');
      } else {
        run.show(await api.createConsoleLink(flags.role), ({ url }) => `${url}\n`);
      }
    });
}
