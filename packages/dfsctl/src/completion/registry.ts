import type { ApiClient } from '@dfs/api/client';
import type { Command } from 'commander';

/** A word that may stand here, and what it means. */
export type Candidate = readonly [word: string, meaning: string];
/** Asks for the client only where it needs the server. */
export type Candidates = (client: () => Promise<ApiClient>) => Promise<Candidate[]>;

const ARGUMENTS = new WeakMap<Command, Candidates>();

/** What may be the first argument of a command. */
export function completeWith(command: Command, candidates: Candidates): void {
  ARGUMENTS.set(command, candidates);
}

/** The same, from what the running server has. */
export function completeFromServer(command: Command, ask: (api: ApiClient) => Promise<Candidate[]>): void {
  completeWith(command, async (client) => await ask(await client()));
}

export function candidatesOf(command: Command): Candidates | undefined {
  return ARGUMENTS.get(command);
}
