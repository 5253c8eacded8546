// Records docs/images/dfsctl-*.svg: a real server, NFS clients that work on it, and dfsctl in a terminal.
// node scripts/dfsctl-pictures.ts (needs tmux)
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Daemon } from '../packages/dfsctl/test/helpers/daemon.ts';
import { Tmux } from '../packages/dfsctl/test/helpers/tmux.ts';
import { mount, work } from '../packages/dfsctl/test/helpers/traffic.ts';
import { terminalSvg } from './ansi-svg.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const IMAGES = path.join(ROOT, 'docs/images');
const SIZE = { columns: 130, rows: 28 } as const;
const PROMPT = '\u{1b}[32m$\u{1b}[39m ';
/** As many samples as fill the bars of top. */
const TOP_MS = 14_000;

const CLIENTS = [
  {
    owner: 'Linux NFSv4.1 build-01',
    connections: 8,
    both: 1,
    localAddress: '127.0.0.2',
    bytes: 200_000,
    pauseMs: 20,
  },
  { owner: 'Linux NFSv4.2 web-07', connections: 4, localAddress: '127.0.0.3', bytes: 30_000, pauseMs: 60 },
  { owner: 'Linux NFSv4.1 alice', connections: 1, localAddress: '127.0.0.4', bytes: 3_000, pauseMs: 400 },
] as const;

const COMMANDS = [
  ['client-list', 'dfsctl client list'],
  ['sessions-list', 'dfsctl client sessions list'],
  ['settings-show', 'dfsctl adapter settings nfs show'],
  [
    'settings-refused',
    'dfsctl adapter settings nfs update --v4-max-connections-per-session 1025 --lease-time 5',
  ],
] as const;

async function record(daemon: Daemon, terminal: Tmux): Promise<void> {
  for (const [name, command] of COMMANDS) {
    await terminal.type(`clear; ${command}; echo picture-end`);
    await terminal.until(/^picture-end$/m);
    const [shown = ''] = (await terminal.screen(true)).split('picture-end');
    save(name, command, `${PROMPT}${command}\n${shown}`, daemon);
  }
  await terminal.type('clear; dfsctl top --interval 0.5');
  await terminal.until(/q quit/);
  await terminal.press('Down', 'Down', 'Down');
  await delay(TOP_MS);
  save('top', 'dfsctl top', await terminal.screen(true), daemon);
  await terminal.press('q');
}

/** As it reads on somebody's own machine. */
function save(name: string, title: string, screen: string, daemon: Daemon): void {
  const shown = screen.replaceAll(daemon.home, '/var/lib/dfs');
  const file = path.join(IMAGES, `dfsctl-${name}.svg`);
  writeFileSync(file, terminalSvg(shown, title));
  console.log(path.relative(process.cwd(), file));
}

const daemon = new Daemon();
const terminal = new Tmux(daemon.home, SIZE.columns, SIZE.rows);
const stop = new AbortController();
try {
  mkdirSync(IMAGES, { recursive: true });
  await daemon.start();
  for (const { bytes, pauseMs, ...client } of CLIENTS) {
    const session = await mount(daemon.port, client);
    work(session, client.owner.slice(-6), bytes, pauseMs, stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) console.error(error);
    });
  }
  await terminal.start({
    ...daemon.env,
    DFS_API_SOCKET: daemon.socket,
    LANG: 'C.UTF-8',
  });
  await terminal.type(`PATH=${path.join(ROOT, 'bin')}:$PATH`);
  await terminal.type(
    'dfsctl adapter settings nfs update --v4-max-connections-per-session 8 --lease-time 2m',
  );
  await terminal.until(/version 1/);
  await record(daemon, terminal);
} finally {
  stop.abort();
  await terminal.end();
  await daemon.remove();
}
process.exit();
