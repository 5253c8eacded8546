import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ApiClient } from '@dfs/api/client';
import { pino } from 'pino';
import type { Browser, Page } from 'playwright-core';
import type { ConfigFlags } from '../../../server/src/config/flags.ts';
import { resolveConfig } from '../../../server/src/config/resolve.ts';
import { Daemon } from '../../../server/src/daemon/daemon.ts';
import { REAL_PARTS } from '../../../server/src/daemon/parts.ts';
import { launch } from './browser.ts';
import { Office } from './office.ts';

const ROOT = path.resolve(import.meta.dirname, '../../../..');
export const PAGES = ['trunks', 'throughput', 'shares', 'settings', 'events', 'health'] as const;
export type PageName = (typeof PAGES)[number];
/** Of the office's work, as much as a test needs. */
const PACE = 0.25;
/** Of what the page must show within: a slow machine is no fault of the page. */
export const PATIENCE_MS = 60_000;

export function buildConsole(): void {
  execFileSync(path.join(ROOT, 'bin/console-build'));
}

export async function startDaemon(data: string, flags: ConfigFlags = {}): Promise<Daemon> {
  const { values, origins } = resolveConfig({
    flags: { listen: ['127.0.0.1:0'], data, console: '127.0.0.1:0', ...flags },
    env: { DFS_CONFIG: '' },
    workingDirectory: data,
  });
  const daemon = new Daemon({
    values,
    origins,
    env: { XDG_RUNTIME_DIR: path.join(data, 'run') },
    parts: REAL_PARTS,
    log: pino({ level: 'silent' }),
  });
  await daemon.start();
  return daemon;
}

export const apiOf = (daemon: Daemon) =>
  new ApiClient({ socketPath: daemon.apiAddresses[0] ?? '' }, { timeoutMs: PATIENCE_MS });
export const nfsPortOf = (daemon: Daemon) => daemon.addresses[0]?.port ?? 0;

/** A page that has something to show. */
export const SHOWN = (name: PageName) => `main[data-page="${name}"]:not(:has(.loading))`;

/** Goes to a page of the console, and waits until it shows something. */
export async function goTo(page: Page, name: PageName): Promise<void> {
  await page.goto(`${new URL(page.url()).origin}/#/${name}`);
  await page.locator(SHOWN(name)).waitFor();
}

let axe: string | undefined;

/** What axe-core finds serious on the page as it is. By the debugger, as the page itself may load nothing. */
export async function seriousFaults(page: Page): Promise<string[]> {
  axe ??= readFileSync(path.join(ROOT, 'node_modules/axe-core/axe.min.js'), 'utf8');
  await page.evaluate(axe);
  const found = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as {
    violations: { impact: string; id: string; nodes: { html: string }[] }[];
  };
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

export interface Open {
  readonly daemon: Daemon;
  readonly api: ApiClient;
  readonly office: Office;
  readonly browser: Browser;
  readonly page: Page;
  /** What the browser's console and the page complained of. */
  readonly troubles: string[];
  close(): Promise<void>;
}

/** A server with an office at work, and a browser that is signed in. */
export async function openConsole(data: string, flags: ConfigFlags = {}): Promise<Open> {
  const daemon = await startDaemon(data, {
    share: ['/export,squash=none', '/archive,squash=none'],
    ...flags,
  });
  const office = new Office(nfsPortOf(daemon), PACE);
  await office.open();
  const browser = await launch();
  const troubles: string[] = [];
  const page = await newPage(browser, troubles);
  await page.goto(daemon.consoleLink() ?? '');
  await page.locator(SHOWN('trunks')).waitFor();
  return {
    daemon,
    api: apiOf(daemon),
    office,
    browser,
    page,
    troubles,
    async close() {
      await browser.close();
      await office.close();
      await daemon.stop();
    },
  };
}

/** In a context of its own: with no session of another page. */
export async function newPage(browser: Browser, troubles: string[] = []): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(String(error)));
  return page;
}
