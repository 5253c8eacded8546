import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { complain } from '@dfs/api/terminal';

/** Characters of one answer. */
const MAX_ANSWER = 10_000;

/** Whether there is somebody to ask. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks on stderr, so that the output stays clean. Resolves to what was typed; to nothing at an end of input. */
export async function ask(question: string): Promise<string> {
  return await readAnswer(question, process.stderr);
}

/** The same, and what is typed is not shown. */
export async function askSecret(question: string): Promise<string> {
  complain(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const answer = await readAnswer('', nowhere);
  complain('\n');
  return answer;
}

/** All of stdin, for a secret that comes through a pipe. */
export async function readInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_ANSWER) break;
  }
  return text.trim();
}

async function readAnswer(question: string, output: NodeJS.WritableStream): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  try {
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    // Ctrl-C answers no: it closes the interface.
    lines.once('SIGINT', () => lines.close());
    return (await Promise.race([lines.question(question), ended])).slice(0, MAX_ANSWER);
  } finally {
    lines.close();
  }
}
