// Records docs/images/start.svg: starts the real server in a terminal, asks it how it is, and stops it with Ctrl-C.
// node scripts/terminal-picture.ts (needs `script` of util-linux, and port 12049 to be free)
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { terminalSvg } from './ansi-svg.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const PICTURE = path.join(ROOT, 'docs/images/start.svg');
const PROMPT = '\u{1b}[32m$\u{1b}[39m ';
const CTRL_C = '\u{3}';
const PATIENCE_MS = 30_000;
const POLL_MS = 50;

/** A command in a terminal of its own. */
class Terminal {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  #output = '';

  constructor(command: string, home: string) {
    // A home of its own: the picture shows a first start, and leaves nothing behind.
    const env = { PATH: process.env['PATH'], HOME: home, TERM: 'xterm-256color', DFS_CONFIG: '' };
    this.#process = spawn('script', ['-qefc', `stty cols 120 rows 40; exec ${command}`, '/dev/null'], {
      cwd: ROOT,
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
  }

  async until(text: string): Promise<string> {
    const end = performance.now() + PATIENCE_MS;
    while (!this.#output.includes(text)) {
      if (this.#process.exitCode !== null || performance.now() > end)
        throw new Error(`no "${text}" in:\n${this.#output}`);
      await delay(POLL_MS);
    }
    return this.#output;
  }

  type(text: string): void {
    this.#process.stdin.write(text);
  }

  async end(): Promise<string> {
    if (this.#process.exitCode === null) await once(this.#process, 'close');
    return this.#output;
  }
}

async function record(): Promise<string> {
  const home = mkdtempSync(path.join(tmpdir(), 'dfs-picture-'));
  try {
    const server = new Terminal('bin/dfs start', home);
    await server.until('ready');
    const status = await new Terminal('bin/dfs status', home).end();
    server.type(CTRL_C);
    const served = await server.end();
    return `${PROMPT}bin/dfs start\n${served.trimEnd()}\n\n${PROMPT}bin/dfs status   # meanwhile, in another terminal\n${shown(status, home)}`;
  } finally {
    rmSync(home, { recursive: true });
  }
}

/** As it reads on somebody's own machine. */
function shown(text: string, home: string): string {
  return text.replaceAll(home, '/home/alice');
}

mkdirSync(path.dirname(PICTURE), { recursive: true });
writeFileSync(PICTURE, terminalSvg(await record(), 'dfs: a first start'));
console.log(path.relative(process.cwd(), PICTURE));
