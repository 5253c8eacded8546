import { type ApiClient, type ApiEndpoint, findServer } from '@dfs/api/client';
import type { Environment } from '@dfs/api/places';
import {
  complain,
  type OutputFormat,
  type Paint,
  painter,
  render,
  say,
  wantsColour,
} from '@dfs/api/terminal';
import type { Command } from 'commander';
import { ask, canAsk } from './ask.ts';
import { Declined } from './declined.ts';
import { contextsFile, isOpenToOthers } from './remote/contexts.ts';
import { type EndpointFlags, places } from './remote/endpoint.ts';

export interface GlobalFlags extends EndpointFlags {
  readonly output: OutputFormat;
  readonly yes?: true;
}

const STDOUT = 1;

/** One command line being run: what all commands need of flags, environment and terminal. */
export class Invocation {
  readonly env: Environment;
  readonly #program: Command;
  #client: Promise<ApiClient> | undefined;

  constructor(program: Command, env: Environment) {
    this.#program = program;
    this.env = env;
  }

  get flags(): GlobalFlags {
    return this.#program.opts<GlobalFlags>();
  }

  get paint(): Paint {
    return painter(this.flags.output === 'table' && wantsColour(STDOUT, this.env));
  }

  /** The places where the server may be, in the order in which they are tried. */
  get places(): readonly ApiEndpoint[] {
    return places(this.flags, this.env);
  }

  /** The server that is meant. Rejects with an ApiError where none answers, with a UsageError where flags or contexts are wrong. */
  client(): Promise<ApiClient> {
    if (isOpenToOthers(this.env)) {
      const file = contextsFile(this.env);
      this.remark(`warning: others may read ${file} and the tokens in it: chmod 600 ${file}`);
    }
    this.#client ??= findServer(this.places);
    return this.#client;
  }

  /** The server that another command line means. For completion, where flags are only words yet. */
  clientOf(words: readonly string[]): Promise<ApiClient> {
    const flags: Record<string, string> = {};
    for (const name of ['socket', 'server', 'token', 'ca', 'context'] as const) {
      const index = words.findIndex((word) => word === `--${name}` || word.startsWith(`--${name}=`));
      const word = words[index] ?? '';
      const value = word.includes('=') ? word.slice(word.indexOf('=') + 1) : words[index + 1];
      if (index >= 0 && value !== undefined) flags[name] = value;
    }
    return findServer(places(flags, this.env));
  }

  /** Shows a value as `--output` says. */
  show<T>(value: T, view: (value: T, paint: Paint) => string): void {
    const { paint } = this;
    say(render(value, this.flags.output, (shown) => view(shown, paint)));
  }

  /** A word for people on what was done; programs get `value`, and nothing where there is none. */
  done(text: string, value?: unknown): void {
    if (this.flags.output === 'table') say(`${text}\n`);
    else if (value !== undefined) this.show(value, () => text);
  }

  /**
   * Asks before something is destroyed, on a terminal and without --yes; elsewhere the command line itself is the decision.
   * Throws {@link Declined} unless the answer is yes.
   */
  async confirm(question: string): Promise<void> {
    if (this.flags.yes === true || !canAsk()) return;
    const answer = await ask(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new Declined();
  }

  /** For people only: does not mix with the output. */
  remark(text: string): void {
    complain(`${text}\n`);
  }
}
