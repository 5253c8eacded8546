import { existsSync } from 'node:fs';
import { NfsClient, type Session, Status } from '@dfs/nfs/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder } from '../../server/test/helpers/config.ts';
import { CHROMIUM } from './support/browser.ts';
import { goTo, nfsPortOf, type Open, openConsole, PATIENCE_MS } from './support/console.ts';

const POLL = { timeout: PATIENCE_MS };

describe.skipIf(!existsSync(CHROMIUM))('steering by the console', () => {
  const data = scratchFolder();
  const own: Session[] = [];
  let open: Open;
  /** The browser says that a refused change was refused. */
  let refusals = 0;

  beforeAll(async () => {
    open = await openConsole(data);
  });
  afterAll(async () => {
    for (const { client } of own) await client.close();
    await open?.close();
  });

  /** A client of the test's own, with so many connections, picked on the page. */
  async function newClient(connections: number): Promise<Session> {
    const session = await NfsClient.start({
      host: '127.0.0.1',
      port: nfsPortOf(open.daemon),
      ownerId: Buffer.from(`client ${own.length} of the test`),
    });
    own.push(session);
    for (let more = 1; more < connections; more++)
      await session.renew({ connection: await session.addConnection() });
    await goTo(open.page, 'trunks');
    await open.page.getByRole('combobox', { name: 'Client' }).selectOption(idOf(session));
    await expect.poll(() => open.page.locator('tr[data-connection]').count(), POLL).toBe(connections);
    return session;
  }

  const idOf = ({ client }: Session) => client.clientId.toString(16).padStart(16, '0');
  const nameOf = (session: Session) => session.id.toString('hex');
  const openOnes = ({ client }: Session) => client.connections.filter(({ isOpen }) => isOpen).length;

  /** Presses a button, reads what will happen, and says yes. */
  async function agree(button: string, verb: string, consequence: RegExp): Promise<void> {
    await open.page.getByRole('button', { name: button, exact: true }).click();
    const dialog = open.page.getByRole('dialog');
    expect(await dialog.locator('#consequence').textContent()).toMatch(consequence);
    await dialog.getByRole('button', { name: verb, exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
  }

  it('a drained connection disappears: from the page, from REST, from the wire', async () => {
    const { page, api } = open;
    const session = await newClient(3);
    const row = page.locator('tr[data-connection]').last();
    const id = Number(await row.getAttribute('data-connection'));
    const { remote } = await api.connection(id);
    const name = `Drain connection ${id}`;
    await agree(name, 'Drain connection', new RegExp(`${remote}.*over its other 2`));
    await page.locator(`tr[data-connection="${id}"]`).waitFor({ state: 'detached' });
    await expect(api.connection(id)).rejects.toThrow('there is no connection');
    await expect.poll(() => openOnes(session), POLL).toBe(2);
    await session.renew();
  });

  it('a drained session loses its connections and stays', async () => {
    const { api } = open;
    const session = await newClient(2);
    const short = `…${nameOf(session).slice(-8)}`;
    await agree(`Drain session ${short}`, 'Drain session', /its 2 connections close/);
    await expect.poll(() => openOnes(session), POLL).toBe(0);
    expect((await api.session(idOf(session), nameOf(session))).connections).toEqual([]);
    await session.renew();
    expect((await api.session(idOf(session), nameOf(session))).connections.length).toBe(1);
  });

  it('an ended session is none any more, for its client too', async () => {
    const { api } = open;
    const session = await newClient(2);
    const short = `…${nameOf(session).slice(-8)}`;
    await agree(`End session ${short}`, 'End session', /gone at once.*Its client makes another/);
    await expect(api.session(idOf(session), nameOf(session))).rejects.toThrow('there is no session');
    expect((await session.compound([])).status).toBe(Status.BADSESSION);
    const next = await session.client.createSession();
    await next.renew();
  });

  it('a drained client comes back', async () => {
    const session = await newClient(2);
    await agree('Drain client', 'Drain client', /its 2 connections close/);
    await expect.poll(() => openOnes(session), POLL).toBe(0);
    await session.renew();
    expect((await open.api.client(idOf(session))).connections).toBe(1);
  });

  it('a page that was left asks nothing more, also where what was done there is answered only then', async () => {
    const { page } = open;
    await newClient(1);
    const held = Promise.withResolvers<void>();
    await page.route('**/drain', async (route) => {
      await held.promise;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Drain client', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Drain client', exact: true }).click();
    await goTo(page, 'settings');
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/api/v1/trunks')) asked++;
    });
    const answered = page.waitForResponse('**/drain');
    held.resolve();
    await answered;
    // Every page asks for the session, far less often than the one that was left asked.
    for (let turn = 0; turn < 2; turn++) await page.waitForResponse('**/console/session');
    expect(asked).toBe(0);
    await page.unrouteAll({ behavior: 'wait' });
  });

  it('an evicted client is gone', async () => {
    const { page, api } = open;
    const session = await newClient(1);
    const id = idOf(session);
    await agree('Evict', 'Evict', /1 session, 0 opens, 0 locks end at once/);
    await expect(api.client(id)).rejects.toThrow('there is no client');
    await page.locator(`option[value="${id}"]`).waitFor({ state: 'detached' });
    expect((await session.compound([])).status).toBe(Status.BADSESSION);
  });

  it('a lowered limit does to sessions what was said, on the wire', async () => {
    const { page, api } = open;
    await newClient(4);
    const totals = async () =>
      (await api.sessions()).sessions.map(({ connection_summary: { total } }) => total);
    const more = (await totals()).filter((total) => total > 3);
    const unbound = more.reduce((sum, total) => sum + total - 3, 0);
    expect(unbound).toBeGreaterThan(1);
    await page.getByRole('button', { name: 'Change the limit' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('spinbutton').fill('3');
    await dialog.getByText(`${more.length} sessions have more: ${unbound} connections are unbound`).waitFor();
    await dialog.getByRole('button', { name: 'Change the limit' }).click();
    await page.getByText('At most 3 connections a session').waitFor();
    expect((await api.nfsSettings()).settings.v4_max_connections_per_session).toBe(3);
    expect(Math.max(...(await totals()))).toBe(3);
    const session = await newClient(3);
    await session.renew({ connection: await session.addConnection() });
    const seen = await api.session(idOf(session), nameOf(session));
    expect(seen.connection_summary.total).toBe(3);
    expect(seen.over_limit).toBe(1);
    await page.getByText('1 attempt to bind over the limit').waitFor();
  });

  it('by the keyboard alone: a client is picked, drained, and the page keeps its place', async () => {
    const { page } = open;
    await goTo(page, 'trunks');
    const client = page.getByRole('combobox', { name: 'Client' });
    const picture = page.getByRole('listbox');
    await picture.focus();
    await page.keyboard.press('Home');
    const first = await client.inputValue();
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => client.inputValue(), POLL).not.toBe(first);
    const focused = () => page.evaluate('document.activeElement.textContent');
    for (let presses = 0; presses < 10 && (await focused()) !== 'Drain client'; presses++)
      await page.keyboard.press('Tab');
    expect(await focused()).toBe('Drain client');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused()).toBe('Drain client');
  });

  it('a setting is checked first, then changed, once though it is clicked twice', async () => {
    const { page, api } = open;
    await goTo(page, 'settings');
    await page.getByLabel('lease_time', { exact: true }).fill('45');
    await page.getByRole('button', { name: 'Check 1 change' }).click();
    await page.getByText('This will change').waitFor();
    const before = await api.nfsSettings();
    expect(before.settings.lease_time).toBe(90);
    await page.getByRole('button', { name: 'Apply' }).dblclick();
    await page.getByText('The settings are in effect.').waitFor();
    const after = await api.nfsSettings();
    expect(after.settings.lease_time).toBe(45);
    expect(after.version).toBe(before.version + 1);
  });

  it('says what is wrong with a value, and when somebody else was faster', async () => {
    const { page, api } = open;
    await page.getByLabel('lease_time', { exact: true }).fill('1');
    refusals++;
    await page.getByRole('button', { name: 'Check 1 change' }).click();
    await page.getByText('lease_time: 1').waitFor();
    await page.getByLabel('lease_time', { exact: true }).fill('60');
    await api.updateNfsSettings({ max_read_size: 524_288 });
    refusals++;
    await page.getByRole('button', { name: 'Check 1 change' }).click();
    await page.getByText('Somebody else has changed the settings').waitFor();
    await page.getByRole('button', { name: 'Discard' }).click();
    expect((await api.nfsSettings()).settings.lease_time).toBe(45);
  });

  it('has complained of nothing else', () => {
    expect(open.troubles.filter((text) => !/\b4(12|22)\b/.test(text))).toEqual([]);
    expect(open.troubles.length).toBe(refusals);
  });
});
