import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder } from '../../server/test/helpers/config.ts';
import { bytes, count } from '../src/format.ts';
import { CHROMIUM } from './support/browser.ts';
import {
  goTo,
  newPage,
  type Open,
  openConsole,
  PAGES,
  PATIENCE_MS,
  seriousFaults,
} from './support/console.ts';

const POLL = { timeout: PATIENCE_MS };
const BUNDLE_KIB = 300;
const PHONE = { width: 360, height: 740 };

describe.skipIf(!existsSync(CHROMIUM))('the pages of the console', () => {
  const data = scratchFolder();
  let open: Open;
  /** What the browser says of answers that a test asked for is no fault of the page. */
  let expected = 0;

  beforeAll(async () => {
    open = await openConsole(data);
  });
  afterAll(() => open?.close());

  const statOf = (label: string) =>
    open.page.locator('.stat', { has: open.page.getByText(label, { exact: true }) }).locator('dd');

  it('Trunks: clients, sessions and connections are those of REST', async () => {
    const { api, page } = open;
    const { clients } = await api.clients();
    const { sessions } = await api.sessions();
    const { connections } = await api.connections();
    await expect.poll(() => statOf('Clients').textContent(), POLL).toBe(String(clients.length));
    await expect.poll(() => statOf('Sessions').textContent(), POLL).toBe(String(sessions.length));
    await expect.poll(() => statOf('Connections').textContent(), POLL).toBe(String(connections.length));
    for (const { address, client_id: id } of clients) {
      await page.getByRole('combobox', { name: 'Client' }).selectOption(id);
      const bound = connections.filter((each) => each.sessions.some(({ client_id }) => client_id === id));
      expect(bound.length, address).toBeGreaterThan(0);
      const wanted = bound.map(({ connection_id }) => String(connection_id)).sort();
      const rows = () =>
        page.locator('tr[data-connection]').evaluateAll((all) => all.map((row) => row.dataset['connection']));
      await expect.poll(async () => (await rows()).sort(), POLL).toEqual(wanted);
    }
    await expect.poll(() => statOf('Throughput').textContent(), POLL).toMatch(/[1-9].*iB\/s$/);
  });

  it('Throughput: what is shown are values of the history', async () => {
    const { api, page } = open;
    await goTo(page, 'throughput');
    const operations = page.getByRole('region', { name: 'Operations a second' });
    await expect.poll(() => operations.locator('b').textContent(), POLL).toMatch(/[1-9]/);
    const seen = await operations.locator('b').textContent();
    const past = await api.history('server', 'server');
    expect(past.operations.map((value) => (value === null ? '–' : count(value)))).toContain(seen);
    await page.getByLabel('Of').selectOption('client');
    const { series } = await api.historyList();
    const names = series.filter(({ scope }) => scope === 'client').map(({ name }) => name);
    const options = page.getByLabel('Which').locator('option');
    await expect.poll(() => options.allTextContents(), POLL).toEqual(names);
    await expect.poll(() => operations.locator('canvas').count(), POLL).toBe(1);
  });

  it('Throughput: of what the server has forgotten it says so, and not that the server is lost', async () => {
    const { page } = open;
    await page.route('**/api/v1/history/connection/*', (route) => {
      expected++;
      return route.continue({ url: route.request().url().replace(/\d+$/, '999999') });
    });
    await page.getByLabel('Of').selectOption('connection');
    await page.getByText('This connection is gone').waitFor();
    expect(await page.getByText('No contact').count()).toBe(0);
    await page.unrouteAll({ behavior: 'wait' });
    await page.getByRole('region', { name: 'Operations a second' }).waitFor();
  });

  it('Shares: those of REST; a share is made read-only after it was asked about', async () => {
    const { api, page } = open;
    await goTo(page, 'shares');
    const { shares } = await api.shares();
    const paths = page.locator('main tbody tr td:first-child');
    await expect.poll(() => paths.allTextContents(), POLL).toEqual(shares.map((share) => share.path));
    const row = page.locator('main tbody tr', { hasText: '/archive' });
    await row.getByRole('button', { name: 'Make read-only' }).click();
    await page.getByText('every change is refused').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Make read-only' }).click();
    await row.getByText('read-only', { exact: true }).waitFor();
    const after = await api.shares();
    expect(after.shares.find((share) => share.path === '/archive')?.read_only).toBe(true);
  });

  it('Shares: of one that has stopped it says why, and starts it', async () => {
    const { api, page } = open;
    const { shares } = await api.shares();
    const stopped = {
      cause: 'content',
      reason: 'EIO: i/o error, write',
      since: new Date().toISOString(),
      advice: 'Look after the disk.',
    };
    await page.route('**/api/v1/shares', (route) =>
      route.fulfill({ json: { shares: shares.map((share) => ({ ...share, state: 'stopped', stopped })) } }),
    );
    const alarm = page.getByRole('region', { name: '/export has stopped' });
    await alarm.getByText('EIO: i/o error, write').waitFor();
    await alarm.getByText('Look after the disk.').waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await alarm.getByRole('button', { name: 'Start it' }).click();
    const asked = page.waitForRequest((request) => /\/shares\/\d+\/start$/.test(request.url()));
    await page.getByRole('dialog').getByRole('button', { name: 'Start', exact: true }).click();
    expect((await asked).method()).toBe('POST');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.unrouteAll({ behavior: 'wait' });
    await alarm.waitFor({ state: 'detached' });
  });

  it('Settings: all of them, with the values of REST', async () => {
    const { api, page } = open;
    await goTo(page, 'settings');
    const { settings } = await api.nfsSettings();
    for (const [name, value] of Object.entries(settings)) {
      const shown = await page.getByLabel(name, { exact: true }).inputValue();
      expect(shown, name).toBe(Array.isArray(value) ? value.join(', ') : String(value));
    }
  });

  it('Events: what happens appears, and can be found', async () => {
    const { api, page } = open;
    await goTo(page, 'events');
    await api.createShare({ path: '/new-one' });
    await page.locator('tr', { hasText: 'share created' }).getByText('/new-one').waitFor();
    await page.getByLabel('Kind').selectOption('share');
    await page.getByLabel('Find').fill('new-one');
    await expect.poll(() => page.locator('main tbody tr').count(), POLL).toBe(1);
    await page.getByLabel('Find').fill('no such word');
    await page.getByText('Nothing like that').waitFor();
  });

  it('Health: leases, grace and disk as REST has them', async () => {
    const { api, page } = open;
    await goTo(page, 'health');
    const { clients } = await api.clients();
    await expect
      .poll(() => statOf('Leases alive').textContent(), POLL)
      .toBe(`${clients.length} of ${clients.length}`);
    expect(await statOf('Server').textContent()).toBe((await api.status()).state);
    const unit = bytes((await api.vitals()).disk?.free_bytes ?? 0).replace(/^[\d.]+/, '');
    expect(await statOf('Disk free').textContent()).toMatch(new RegExp(`${unit}$`));
    const commits = page.getByRole('region', { name: 'Time that commits take' });
    await expect.poll(() => commits.locator('b').last().textContent(), POLL).toMatch(/[1-9].*s$/);
    await page.getByRole('region', { name: 'Time that requests take' }).waitFor();
  });

  it.each(PAGES)(
    '%s: nothing that axe finds serious, light, dark and on a phone, where all fits',
    async (name) => {
      const { page } = open;
      for (const size of [{ width: 1280, height: 860 }, PHONE]) {
        await page.setViewportSize(size);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          await goTo(page, name);
          expect(await seriousFaults(page)).toEqual([]);
        }
        // The names of clients are longer than what is there at first.
        if (name === 'throughput') await page.getByLabel('Of').selectOption('client');
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(size.width);
      }
      await page.setViewportSize({ width: 1280, height: 860 });
    },
  );

  it('signs out, and an old link is worth nothing', async () => {
    const { browser, daemon } = open;
    const link = daemon.consoleLink() ?? '';
    const other = await newPage(browser);
    await other.goto(link);
    await other.locator('.stats').waitFor();
    await other.getByRole('button', { name: 'Sign out' }).click();
    await other.getByText('You are not signed in').waitFor();
    expect(await seriousFaults(other)).toEqual([]);
    const third = await newPage(browser);
    await third.goto(link);
    await third.getByText('this link has been used').waitFor();
  });

  it('who may only look is shown nothing to change', async () => {
    const { api, browser } = open;
    const page = await newPage(browser);
    await page.goto((await api.createConsoleLink('read')).url);
    await page.getByText('may only look').waitFor();
    await page.locator('tr[data-connection]').first().waitFor();
    expect(await page.getByRole('button').allTextContents()).toEqual(['Sign out']);
    await goTo(page, 'settings');
    expect(await page.getByLabel('lease_time', { exact: true }).isDisabled()).toBe(true);
    await page.close();
  });

  it('is small', async () => {
    const folder = path.resolve(import.meta.dirname, '../dist');
    const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.br'));
    const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(folder, name))).size));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(total).toBeGreaterThan(1024);
    expect(total).toBeLessThan(BUNDLE_KIB * 1024);
  });

  it('has complained of nothing, and was at no other address', () => {
    const others = open.troubles.filter((text) => !text.includes('404'));
    expect(others).toEqual([]);
    expect(open.troubles.length).toBe(expected);
  });
});
