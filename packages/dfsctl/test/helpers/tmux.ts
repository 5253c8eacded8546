import { execFile, execFileSync } from 'node:child_process';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PATIENCE_MS = 25_000;
const POLL_MS = 100;

export function hasTmux(): boolean {
  try {
    execFileSync('tmux', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A terminal with a shell in it, of a tmux server of its own. */
export class Tmux {
  readonly #socket: string;
  readonly #columns: number;
  readonly #rows: number;

  /** `folder` takes the server's socket. */
  constructor(folder: string, columns: number, rows: number) {
    this.#socket = path.join(folder, 'tmux');
    this.#columns = columns;
    this.#rows = rows;
  }

  async start(env: Readonly<Record<string, string>>): Promise<void> {
    const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const size = ['-x', String(this.#columns), '-y', String(this.#rows)];
    await this.#tmux(
      '-u',
      'new-session',
      '-d',
      ...size,
      ...variables,
      'env PS1="$ " bash --norc --noprofile',
    );
  }

  /** Keys by their names in tmux: "Enter", "C-c", "Down". */
  async press(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys);
  }

  async type(line: string): Promise<void> {
    await this.#tmux('send-keys', '-l', line);
    await this.press('Enter');
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** What is on the screen; with colours where asked. */
  async screen(colours = false): Promise<string> {
    return await this.#tmux('capture-pane', '-p', ...(colours ? ['-e'] : []));
  }

  /** The screen, as soon as it has this. Rejects where it does not come. */
  async until(pattern: RegExp): Promise<string> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const screen = await this.screen();
      if (pattern.test(screen)) return screen;
      if (performance.now() > end) throw new Error(`no ${pattern} in:\n${screen}`);
      await delay(POLL_MS);
    }
  }

  async end(): Promise<void> {
    await this.#tmux('kill-server').catch(() => undefined);
  }

  async #tmux(...args: string[]): Promise<string> {
    const { stdout } = await run('tmux', ['-S', this.#socket, '-f', '/dev/null', ...args]);
    return stdout;
  }
}
