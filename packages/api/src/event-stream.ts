/** One block of a text/event-stream. */
export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly type: string;
  readonly data: string;
}

/** Characters of one event that a client takes. */
const MAX_EVENT = 1024 * 1024;

/** Takes the stream apart (WHATWG HTML §9.2.6), as far as dfs uses it. Throws RangeError where an event has no end. */
export async function* parseEventStream(chunks: AsyncIterable<string>): AsyncGenerator<ServerSentEvent> {
  let rest = '';
  for await (const chunk of chunks) {
    rest += chunk;
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    if (rest.length > MAX_EVENT) throw new RangeError(`an event has more than ${MAX_EVENT} characters`);
    for (const block of blocks) {
      const event = parseBlock(block);
      if (event !== undefined) yield event;
    }
  }
}

function parseBlock(block: string): ServerSentEvent | undefined {
  let id: string | undefined;
  let type = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const match = /^(id|event|data): ?(.*)$/.exec(line);
    if (match === null) continue;
    const [, field, value = ''] = match;
    if (field === 'id') id = value;
    else if (field === 'event') type = value;
    else data.push(value);
  }
  return data.length === 0 ? undefined : { id, type, data: data.join('\n') };
}
