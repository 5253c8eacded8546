import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ApiClient } from '@dfs/api/client';
import { NfsClient, type Session } from '@dfs/nfs/client';
import { pino } from 'pino';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Daemon } from '../../server/src/daemon/daemon.ts';
import { REAL_PARTS } from '../../server/src/daemon/parts.ts';
import { resolve, scratchFolder } from '../../server/test/helpers/config.ts';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const IMAGES = path.resolve(import.meta.dirname, '../../../docs/images/console');
const AXE = readFileSync(
  path.resolve(import.meta.dirname, '../../../node_modules/axe-core/axe.min.js'),
  'utf8',
);
const PAGES = ['trunks', 'throughput', 'shares', 'settings', 'events', 'health'] as const;
const CLIENTS = 4;
const CONNECTIONS = 4;
const LOAD_PAUSE_MS = 20;
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

async function startDaemon(data: string, port: number): Promise<Daemon> {
  const { values, origins } = resolve({ listen: ['127.0.0.1:0'], data, console: `127.0.0.1:${port}` });
  const daemon = new Daemon({
    values,
    origins,
    env: { XDG_RUNTIME_DIR: path.join(data, 'run') },
    parts: REAL_PARTS,
    log: pino({ level: 'silent' }),
    onFault: (error) => {
      throw error;
    },
  });
  await daemon.start();
  return daemon;
}

const apiOf = (daemon: Daemon) => new ApiClient({ socketPath: daemon.apiAddresses[0] ?? '' });
const portOf = (address = '') => Number(address.split(':').at(-1));

describe.skipIf(!existsSync(CHROMIUM))('the console in Chromium', () => {
  const data = scratchFolder();
  const sessions: Session[] = [];
  const troubles: string[] = [];
  let daemon: Daemon;
  let browser: Browser;
  let page: Page;
  let loads: NodeJS.Timeout;
  /** While the server is away on purpose, the browser may complain that it is. */
  let isAway = false;

  beforeAll(async () => {
    const build = path.resolve(import.meta.dirname, '../../../bin/console-build');
    execFileSync(build);
    daemon = await startDaemon(data, 0);
    const port = daemon.addresses[0]?.port ?? 0;
    for (let n = 0; n < CLIENTS; n++) {
      const session = await NfsClient.start({
        host: '127.0.0.1',
        port,
        ownerId: Buffer.from(`Linux NFSv4.1 client-${n}`),
      });
      for (let more = 1; more < CONNECTIONS; more++) await session.addConnection();
      sessions.push(session);
    }
    loads = setInterval(() => {
      for (const session of sessions) session.renew().catch(() => undefined);
    }, LOAD_PAUSE_MS);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    page.on('console', (message) => {
      if (message.type() === 'error' && !isAway) troubles.push(message.text());
    });
    page.on('pageerror', (error) => troubles.push(String(error)));
    await page.goto(daemon.consoleLink() ?? '');
    await page.getByText('Connections', { exact: true }).waitFor();
  });

  afterAll(async () => {
    clearInterval(loads);
    await browser?.close();
    for (const { client } of sessions) await client.close();
    await daemon?.stop();
  });

  it('shows what REST says', async () => {
    const api = apiOf(daemon);
    const { clients } = await api.clients();
    const { sessions: all } = await api.sessions();
    const total = clients.reduce((sum, { connections }) => sum + connections, 0);
    const stat = (label: string) => page.locator('.stat', { hasText: label }).locator('dd');
    await expect.poll(() => stat('Clients').textContent()).toBe(String(clients.length));
    await expect.poll(() => stat('Sessions').textContent()).toBe(String(all.length));
    await expect.poll(() => stat('Connections').textContent(), { timeout: 20_000 }).toBe(String(total));
  });

  it('lets a drained connection disappear', async () => {
    const row = page.locator('tr[data-connection]').first();
    const id = await row.getAttribute('data-connection');
    await row.getByRole('button').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('nothing new').or(dialog.getByText('answered')).first().waitFor();
    await dialog.getByRole('button', { name: 'Drain' }).click();
    await page.locator(`tr[data-connection="${id}"]`).waitFor({ state: 'detached' });
    await expect(apiOf(daemon).connection(Number(id))).rejects.toThrow('there is no connection');
  });

  it('puts a changed limit on the wire, after a dry run', async () => {
    await page.goto(`${new URL(page.url()).origin}/#/settings`);
    const field = page.getByLabel('v4_max_connections_per_session');
    await field.fill('3');
    await page.getByRole('button', { name: 'Check 1 changes' }).click();
    await page.getByText('This will change').waitFor();
    expect((await apiOf(daemon).nfsSettings()).settings.v4_max_connections_per_session).not.toBe(3);
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('The settings are in effect.').waitFor();
    const session = await NfsClient.start({ host: '127.0.0.1', port: daemon.addresses[0]?.port ?? 0 });
    sessions.push(session);
    for (let more = 1; more < CONNECTIONS; more++) await session.addConnection();
    for (let n = 0; n < 2 * CONNECTIONS; n++) await session.renew();
    const seen = await apiOf(daemon).sessions();
    const own = seen.sessions.find(({ session_id: id }) => id === session.id.toString('hex'));
    expect(own?.connection_summary.total).toBe(3);
    expect(own?.over_limit).toBeGreaterThan(0);
  });

  it('is told when somebody else has changed the settings first', async () => {
    const field = page.getByLabel('lease_time', { exact: true });
    await field.fill('60');
    await apiOf(daemon).updateNfsSettings({ max_read_size: 524_288 });
    isAway = true;
    await page.getByRole('button', { name: 'Check 1 changes' }).click();
    await page.getByText('Somebody else has changed the settings').waitFor();
    isAway = false;
    await page.getByRole('button', { name: 'Discard' }).click();
  });

  it.each(PAGES)('%s: nothing that axe finds serious, and pictures', async (name) => {
    mkdirSync(IMAGES, { recursive: true });
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.goto(`${new URL(page.url()).origin}/#/${name}`);
      await page.locator('main .card, main .stats, main .empty').first().waitFor();
      if (process.env['CONSOLE_PICTURES'] !== undefined) {
        await new Promise((next) => setTimeout(next, 2500));
        await page.screenshot({ path: path.join(IMAGES, `${name}-${scheme}.png`) });
      }
      // By the debugger, as the page itself may load nothing.
      await page.evaluate(AXE);
      const found = await page.evaluate('axe.run(document, { resultTypes: ["violations"] })');
      const serious = (
        found as { violations: { impact: string; id: string; nodes: { html: string }[] }[] }
      ).violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
      expect(serious).toEqual([]);
    }
  });

  it('says that the server is away, and comes back by itself; also after a reload', async () => {
    isAway = true;
    const port = portOf(daemon.consoleAddress);
    await daemon.stop();
    await page.getByText('No contact with the server').waitFor();
    daemon = await startDaemon(data, port);
    await page.getByText('No contact with the server').waitFor({ state: 'hidden', timeout: 30_000 });
    await page.reload();
    await page.locator('.stats').waitFor();
    isAway = false;
  });

  it('signs out, and an old link is worth nothing', async () => {
    const link = daemon.consoleLink() ?? '';
    const other = await (await browser.newContext()).newPage();
    await other.goto(link);
    await other.locator('.stats, .empty').first().waitFor();
    await other.getByRole('button', { name: 'Sign out' }).click();
    await other.getByText('You are not signed in').waitFor();
    const third = await (await browser.newContext()).newPage();
    await third.goto(link);
    await third.getByText('this link has been used').waitFor();
  });

  it('has complained of nothing', () => {
    expect(troubles).toEqual([]);
  });
});
