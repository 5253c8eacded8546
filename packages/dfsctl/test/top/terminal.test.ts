import type { Session } from '@dfs/nfs/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Daemon, DFSCTL } from '../helpers/daemon.ts';
import { hasTmux, Tmux } from '../helpers/tmux.ts';
import { mount } from '../helpers/traffic.ts';

const daemon = new Daemon();
const terminal = new Tmux(daemon.home, 120, 24);
const COMMAND = `${process.execPath} ${DFSCTL} top --interval 0.3`;
let session: Session;

/** Needs tmux; without it the rest of top is tested all the same. */
describe.skipIf(!hasTmux())('dfsctl top in a terminal', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    await daemon.start();
    session = await mount(daemon.port, { owner: 'a client', connections: 3 });
    await terminal.start({ ...daemon.env, DFS_API_SOCKET: daemon.socket, LANG: 'C.UTF-8' });
    await terminal.type('cd "$HOME"; stty -a > before; echo shell');
    await terminal.until(/shell\n/);
  }, 60_000);
  afterAll(async () => {
    await terminal.end();
    await session?.client.close();
    await daemon.remove();
  });

  it('shows what is there, and drains it after a yes', async () => {
    await terminal.type(COMMAND);
    const screen = await terminal.until(/3 \(2f 0b 1fb\)/);
    expect(screen).toContain('1 client  1 session  3 connections');
    expect(screen).toMatch(/❯ ▾ 127\.0\.0\.1 +a client/);
    expect(screen).toContain('q quit');
    await terminal.press('End', 'd');
    await terminal.until(/Drain connection \d+ from .* y\/n/);
    await terminal.press('n');
    await terminal.until(/nothing was done/);
    await terminal.press('d', 'y');
    await terminal.until(/drained connection \d+: 1 connection closed/);
    await terminal.until(/2 connections/);
  });

  it('follows the size of the terminal', async () => {
    await terminal.resize(60, 12);
    await terminal.until(/\? help/);
    const narrow = await terminal.until(/REQ\/S/);
    expect(narrow).not.toContain('REQ/S OVER TIME');
    await terminal.resize(30, 5);
    await terminal.until(/needs 40x10/);
    await terminal.resize(120, 24);
    await terminal.until(/REQ\/S OVER TIME/);
  });

  it('leaves the terminal as it was, when quit, killed and suspended', async () => {
    await terminal.press('C-z');
    await terminal.until(/Stopped/);
    await terminal.type('fg');
    await terminal.until(/q quit/);
    await terminal.press('q');
    await terminal.type('echo quit with $?; stty -a | cmp - before && echo same');
    const quit = await terminal.until(/quit with 0\n[\s\S]*same\n/);
    expect(quit).not.toContain('CONNECTIONS');
    await terminal.type(`clear; ${COMMAND}`);
    await terminal.until(/q quit/);
    await terminal.press('C-z');
    await terminal.until(/Stopped/);
    await terminal.type('kill -TERM %1; fg; echo killed with $?; stty -a | cmp - before && echo the same');
    await terminal.until(/killed with 143\n[\s\S]*the same\n/);
  });

  it('stays when the server goes, and says so', async () => {
    await terminal.type(`clear; ${COMMAND}`);
    await terminal.until(/q quit/);
    await daemon.stop();
    await terminal.until(/no server answers.*trying again/);
    await terminal.press('q');
    await terminal.type('clear; echo over');
    await terminal.until(/^over\n/m);
  });
});
