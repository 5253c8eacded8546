import type { ApiClient } from '@dfs/api/client';
import { isNfsSettingKey, nfsSettingOf } from '@dfs/api/settings';
import type { Command, Option } from 'commander';
import { type Candidate, candidatesOf } from './registry.ts';

/** Lines of one completion: more are of no use to anybody. */
const MAX_CANDIDATES = 500;

/** Where in the command line the cursor is. */
interface Place {
  readonly command: Command;
  /** Arguments of the command before the cursor. */
  readonly given: number;
  /** The option whose value is to be completed. */
  readonly option: Option | undefined;
}

/**
 * What may stand for the last of `words` (which may be empty or begun): subcommands, flags, values of flags, and what the server
 * has, where it answers. The program's own flags in `words` have to have been parsed.
 */
export async function complete(
  program: Command,
  words: readonly string[],
  client: () => Promise<ApiClient>,
): Promise<Candidate[]> {
  const begun = words.at(-1) ?? '';
  const place = placeOf(program, words.slice(0, -1));
  const all = await candidates(place, begun, client);
  return all.filter(([word]) => word.startsWith(begun)).slice(0, MAX_CANDIDATES);
}

function placeOf(program: Command, before: readonly string[]): Place {
  let command = program;
  let given = 0;
  let option: Option | undefined;
  for (const word of before) {
    if (option !== undefined) {
      option = undefined;
    } else if (word.startsWith('-')) {
      option = word.includes('=') ? undefined : takesValue(command, word);
    } else {
      const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
      if (next === undefined) given += 1;
      else command = next;
    }
  }
  return { command, given, option };
}

function takesValue(command: Command, word: string): Option | undefined {
  return optionsOf(command).find(
    (option) => (option.long === word || option.short === word) && option.required,
  );
}

/** Its own and those of the program: they may stand anywhere. */
function optionsOf(command: Command): Option[] {
  const parents: Command[] = [];
  for (let each: Command | null = command; each !== null; each = each.parent) parents.push(each);
  return parents.flatMap((each) => [...each.options]).filter((option) => !option.hidden);
}

async function candidates(
  { command, given, option }: Place,
  begun: string,
  client: () => Promise<ApiClient>,
): Promise<Candidate[]> {
  if (option !== undefined) return valuesOf(option, begun);
  if (begun.startsWith('-')) {
    const help: Candidate = ['--help', 'how it is used'];
    return [...optionsOf(command).map((each): Candidate => [each.long ?? '', each.description]), help];
  }
  const commands = command.commands
    .filter((each) => !each.name().startsWith('__'))
    .map((each): Candidate => [each.name(), each.description()]);
  if (commands.length > 0 || given > 0) return given > 0 ? [] : commands;
  const known = command.registeredArguments[0]?.argChoices;
  if (known !== undefined) return known.map((word) => [word, '']);
  return await fromServer(command, client);
}

function valuesOf(option: Option, begun: string): Candidate[] {
  if (option.argChoices !== undefined) return option.argChoices.map((word) => [word, '']);
  const key = option.long?.slice(2).replaceAll('-', '_') ?? '';
  if (!isNfsSettingKey(key)) return [];
  const { schema } = nfsSettingOf(key).kind;
  if (schema.type === 'boolean')
    return [
      ['true', ''],
      ['false', ''],
    ];
  if ('enum' in schema && schema.enum !== undefined) return schema.enum.map((word) => [String(word), '']);
  if (schema.type !== 'array') return [];
  // A list: what stands before the last comma stays.
  const before = begun.slice(0, begun.lastIndexOf(',') + 1);
  return schema.items.enum.map((word) => [before + word, '']);
}

/** A server that does not answer is no reason to disturb somebody who types. */
async function fromServer(command: Command, client: () => Promise<ApiClient>): Promise<Candidate[]> {
  const ask = candidatesOf(command);
  if (ask === undefined) return [];
  try {
    return await ask(client);
  } catch {
    return [];
  }
}
