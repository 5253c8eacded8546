import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, type ApiEvent, type ApiEventType, EVENT_TYPES } from '@dfs/api';
import type { ApiClient } from '@dfs/api/client';
import { complain } from '@dfs/api/terminal';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import type { Invocation } from '../invocation.ts';
import { eventLine } from '../views/events.ts';

interface EventFlags {
  readonly follow?: true;
  readonly types?: readonly ApiEventType[];
}

/** Milliseconds between two attempts to reach a server that has gone, from the first to the last. */
const RETRY_MS = { first: 500, most: 10_000 } as const;
/** Milliseconds of silence after which the server has told all that it remembers. */
const QUIET_MS = 300;
/** The same, before it has told anything. */
const FIRST_MS = 5_000;
/** Milliseconds without even a heartbeat (every 15 s) after which the connection counts as lost. */
const HEARTBEATS_MS = 45_000;
/** Before the first event: asks for all that the server remembers. */
const FROM_THE_BEGINNING = '0';

export function addEvents(program: Command, run: Invocation): void {
  program
    .command('events')
    .description('what happens: connections, binds, sessions, clients, drains, settings, shares')
    .option('-f, --follow', 'go on, and connect again when the server goes away')
    .addOption(
      new Option(
        '--types <types>',
        `only these, with commas between them: ${EVENT_TYPES.join(', ')}`,
      ).argParser(parseTypes),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  dfsctl events\n  dfsctl events --follow --types bind,unbind,over_limit\n  dfsctl events --follow -o json | jq .type\n\nWithout --follow, what the server remembers of the recent past is shown. With -o json, each line is an event.',
    )
    .action(async (flags: EventFlags) => {
      const api = await run.client();
      if (flags.follow === true) await follow(api, flags, run);
      else await recent(api, flags, run);
    });
}

/** What the server remembers: its stream from the beginning, up to where it falls silent. */
async function recent(api: ApiClient, { types }: EventFlags, run: Invocation): Promise<void> {
  const end = new AbortController();
  const silence = new Silence(() => end.abort());
  silence.allow(FIRST_MS);
  const asked = {
    ...(types !== undefined && { types }),
    lastEventId: FROM_THE_BEGINNING,
    signal: end.signal,
  };
  for await (const event of api.events(asked)) {
    silence.allow(QUIET_MS);
    if (event.type !== 'heartbeat' && event.type !== 'lost') write(event, run);
  }
  silence.end();
}

/** Until the process is ended, or nobody reads any more. After an interruption it goes on behind the last event that was seen. */
async function follow(api: ApiClient, { types }: EventFlags, run: Invocation): Promise<void> {
  const stop = new AbortController();
  process.stdout.on('error', () => stop.abort()).on('close', () => stop.abort());
  let lastEventId: string | undefined;
  let wait: number = RETRY_MS.first;
  let trouble: string | undefined;
  while (!stop.signal.aborted) {
    const lost = new AbortController();
    const silence = new Silence(() => lost.abort());
    silence.allow(HEARTBEATS_MS);
    try {
      const asked = {
        ...(types !== undefined && { types }),
        ...(lastEventId !== undefined && { lastEventId }),
        signal: AbortSignal.any([stop.signal, lost.signal]),
      };
      for await (const event of api.events(asked)) {
        silence.allow(HEARTBEATS_MS);
        if (trouble !== undefined) complain('dfsctl: the server is back\n');
        trouble = undefined;
        wait = RETRY_MS.first;
        lastEventId = event.id ?? lastEventId;
        if (event.type !== 'heartbeat') write(event, run);
      }
      if (stop.signal.aborted) return;
      trouble = tell(trouble, 'the server has ended the stream');
    } catch (error) {
      if (stop.signal.aborted) return;
      // A refusal will not change by asking again.
      if (!(error instanceof ApiError) || error.code === 'problem' || error.code === 'forbidden') throw error;
      trouble = tell(trouble, error.message);
    } finally {
      silence.end();
    }
    await delay(wait);
    wait = Math.min(wait * 2, RETRY_MS.most);
  }
}

/** Calls when nothing was heard for as long as was allowed last. */
class Silence {
  readonly #over: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(over: () => void) {
    this.#over = over;
  }

  allow(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#over, ms);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** Says once that the server is away. */
function tell(before: string | undefined, trouble: string): string {
  if (before === undefined) complain(`dfsctl: ${trouble}; trying again\n`);
  return trouble;
}

/** By the stream, whose errors tell that nobody reads any more. */
function write(event: ApiEvent, run: Invocation): void {
  switch (run.flags.output) {
    case 'table':
      process.stdout.write(`${eventLine(event, run.paint)}\n`);
      break;
    case 'json':
      process.stdout.write(`${JSON.stringify(event)}\n`);
      break;
    case 'yaml':
      process.stdout.write(`---\n${stringify(event)}`);
  }
}

function parseTypes(text: string): ApiEventType[] {
  return text.split(',').map((word) => {
    const type = EVENT_TYPES.find((known) => known === word.trim());
    if (type === undefined) throw new InvalidArgumentError(`${JSON.stringify(word)} is none of them.`);
    return type;
  });
}
