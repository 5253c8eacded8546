import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** What a process has said so far: it grows. */
export interface Said {
  stdout: string;
  stderr: string;
}

export interface Ended extends Readonly<Said> {
  readonly code: number;
}

export function listenTo(child: ChildProcess): Said {
  const said: Said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  return said;
}

/** How a process has ended that nobody kills, and all that it has said. */
export async function endOf(child: ChildProcess): Promise<Ended> {
  const said = listenTo(child);
  const [code] = await once(child, 'close');
  return { code: code as number, ...said };
}
