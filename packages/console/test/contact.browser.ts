import { existsSync } from 'node:fs';
import { ApiClient } from '@dfs/api/client';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Child, type LogLine } from '../../server/test/helpers/child.ts';
import { scratchFolder } from '../../server/test/helpers/config.ts';
import { CHROMIUM, launch } from './support/browser.ts';
import { goTo, newPage, PATIENCE_MS, SHOWN } from './support/console.ts';
import { Path } from './support/path.ts';

const POLL = { timeout: PATIENCE_MS };
const LOST = 'No contact with the server since';

/** The console is where it was before, so that the page finds it. */
async function start(place: readonly string[], consoleAt = '127.0.0.1:0') {
  const child = new Child(['start', '--listen', '127.0.0.1:0', '--console', consoleAt, ...place]);
  const ready: LogLine = await child.ready();
  const api = new ApiClient({ socketPath: String((ready['api'] as string[])[0]) });
  const { url } = await api.createConsoleLink();
  return { child, api, url, consoleAt: new URL(url).host };
}

describe.skipIf(!existsSync(CHROMIUM))('a console whose server goes away', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  async function enter(url: string): Promise<Page> {
    const page = await newPage(browser);
    await page.goto(url);
    await page.locator(SHOWN('trunks')).waitFor();
    return page;
  }

  const lost = (page: Page) => page.getByText(LOST).waitFor();
  const found = (page: Page) => page.getByText(LOST).waitFor({ state: 'hidden' });
  /** It asks, and is answered: what it shows is of now. */
  const isLive = (page: Page) =>
    page.waitForResponse((answer) => answer.url().endsWith('/trunks') && answer.ok());

  it('reloaded, offline, killed and started again: says so, comes back by itself, and is still signed in', async () => {
    const data = scratchFolder();
    const first = await start(['--data', data]);
    const page = await enter(first.url);
    await goTo(page, 'health');
    await page.reload();
    await page.locator(SHOWN('health')).waitFor();
    await goTo(page, 'trunks');
    await page.context().setOffline(true);
    await lost(page);
    await page.context().setOffline(false);
    await found(page);
    await isLive(page);
    await first.child.stop('SIGKILL');
    await lost(page);
    await start(['--data', data], first.consoleAt);
    await found(page);
    await isLive(page);
    await page.reload();
    await page.locator(SHOWN('trunks')).waitFor();
  });

  it('started anew without its memory: asks to sign in, and takes a new link in the same tab', async () => {
    const first = await start(['--memory']);
    const page = await enter(first.url);
    await first.child.stop('SIGKILL');
    await lost(page);
    const second = await start(['--memory'], first.consoleAt);
    await page.getByText('You are not signed in').waitFor();
    await page.goto(second.url);
    await page.locator(SHOWN('trunks')).waitFor();
    await isLive(page);
  });

  it('the network swallows everything for a while: no event is missed', async () => {
    const { url, api, consoleAt } = await start(['--memory']);
    const way = new Path(Number(consoleAt.split(':').at(-1)));
    const port = await way.listen();
    const page = await enter(url.replace(consoleAt, `127.0.0.1:${port}`));
    await goTo(page, 'events');
    const event = (path: string) => page.locator('tr', { hasText: 'share created' }).getByText(path);
    await api.createShare({ path: '/before' });
    await event('/before').waitFor();
    way.swallow();
    await lost(page);
    await api.createShare({ path: '/meanwhile' });
    way.mend();
    await found(page);
    await api.createShare({ path: '/after' });
    await event('/after').waitFor();
    await event('/meanwhile').waitFor();
    await expect.poll(() => event('/before').count(), POLL).toBe(1);
    await page.close();
    way.close();
  });
});
