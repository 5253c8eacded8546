import { printable, say } from '@dfs/api/terminal';
import { Argument, type Command } from 'commander';
import { complete } from '../completion/complete.ts';
import { COMPLETE_COMMAND, completionScript, SHELLS, type Shell } from '../completion/scripts.ts';
import type { Invocation } from '../invocation.ts';

const TEXT = `
Examples:
  source <(dfsctl completion bash)                              this bash
  dfsctl completion bash > ~/.local/share/bash-completion/completions/dfsctl
  source <(dfsctl completion zsh)                               this zsh, after compinit
  dfsctl completion fish > ~/.config/fish/completions/dfsctl.fish

Names of clients, sessions, connections, shares and tokens are completed from the running server.`;

export function addCompletion(program: Command, run: Invocation): void {
  program
    .command('completion')
    .description('what a shell needs to complete command lines')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText('after', TEXT)
    .action((shell: Shell) => say(completionScript(shell)));
  program
    .command(COMPLETE_COMMAND, { hidden: true })
    .argument('[words...]')
    .helpOption(false)
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const found = await complete(program, words, () => run.clientOf(words));
      const line = (parts: readonly string[]) => parts.map((part) => printable(part)).join('\t');
      say(found.map(([word, meaning]) => `${line(meaning === '' ? [word] : [word, meaning])}\n`).join(''));
    });
}
