/**
 * `npm run console:pictures`: pictures of every page, light and dark, of a server with an office of clients that has worked for a few minutes.
 * They go to docs/images/console; `--to FOLDER` elsewhere, `--seconds N` for another time of work, `--phone` 360 pixels wide,
 * `--only shares,health` some of them.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { launch } from './support/browser.ts';
import { apiOf, buildConsole, goTo, nfsPortOf, PAGES, SHOWN, startDaemon } from './support/console.ts';
import { Office } from './support/office.ts';

const { values: options } = parseArgs({
  options: {
    to: { type: 'string', default: path.resolve(import.meta.dirname, '../../../docs/images/console') },
    seconds: { type: 'string', default: '240' },
    /** Names of pages with commas between; all where absent. */
    only: { type: 'string' },
    phone: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
  },
});
const MS = 1000;
const ARCHIVE_BYTES = 8 * 1024 * 1024;
const SETTLE_MS = 2500;
const WIDE = { width: 1280, height: 860 };
const PHONE = { width: 360, height: 740 };

mkdirSync(options.to, { recursive: true });
const data = mkdtempSync(path.join(tmpdir(), 'dfs-pictures-'));
buildConsole();
const daemon = await startDaemon(data, { share: ['/export,squash=none', '/archive,squash=none'] });
const api = apiOf(daemon);
const office = new Office(nfsPortOf(daemon));
const browser = await launch();
try {
  await api.updateNfsSettings({ v4_max_connections_per_session: 8 });
  await office.open();
  const { shares } = await api.shares();
  const archive = shares.find((share) => share.path === '/archive');
  if (archive !== undefined) await api.updateShare(archive.id, { quota_bytes: ARCHIVE_BYTES });
  await api.createShare({ path: '/manuals', read_only: true, clients: ['10.1.0.0/16'] });
  // One that is turned away, so that there is an attempt over the limit to be seen.
  const [first] = office.sessions;
  if (first !== undefined) await first.renew({ connection: await first.client.newConnection() });
  await sleep(Number(options.seconds) * MS);
  const page = await browser.newPage({ viewport: options.phone ? PHONE : WIDE });
  await page.goto((await api.createConsoleLink()).url);
  await page.locator(SHOWN('trunks')).waitFor();
  for (const name of PAGES.filter((each) => options.only?.split(',').includes(each) ?? true)) {
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await goTo(page, name);
      await sleep(SETTLE_MS);
      const file = `${options.phone ? 'phone-' : ''}${name}-${scheme}.png`;
      await page.screenshot({ path: path.join(options.to, file), fullPage: options.full });
    }
  }
} finally {
  await browser.close();
  await office.close();
  await daemon.stop();
  rmSync(data, { recursive: true, force: true });
}
