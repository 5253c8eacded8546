import { homeDirectory } from '@dfs/api/places';
import { type Paint, printable } from '@dfs/api/terminal';
import type { ListenAddress } from '@dfs/nfs';
import { isLoopback, showAddress } from '../config/address.ts';
import { mountLine } from '../daemon/mount-line.ts';
import type { RegisteredShare } from '../daemon/share-registry.ts';

export interface BannerInputs {
  readonly version: string;
  /** As the user would type it again: "bin/dfs". */
  readonly command: string;
  /** Flags with which `status` finds this server; empty where it does so by itself. */
  readonly statusFlags: string;
  readonly addresses: readonly ListenAddress[];
  readonly shares: readonly RegisteredShare[];
  /** Undefined where nothing is kept. */
  readonly data: string | undefined;
  /** Signs a browser in to the console, once. */
  readonly consoleLink: string | undefined;
  readonly minMinorVersion: 1 | 2;
}

/** Shares whose mount line is shown; the rest is counted. */
const MOST_SHOWN = 4;

/** What somebody at a terminal needs to go on: what is served, how to mount it, how to stop. */
export function banner(inputs: BannerInputs, paint: Paint): string {
  const facts: [string, string][] = [
    ['Serving', inputs.addresses.map(showAddress).join(', ')],
    [
      'Data',
      inputs.data === undefined ? 'in memory: nothing is kept after a stop' : printable(tilde(inputs.data)),
    ],
    ...shareFacts(inputs, paint),
    ...(inputs.consoleLink === undefined
      ? []
      : ([['Console', paint('cyan', inputs.consoleLink)]] satisfies [string, string][])),
    ['Status', `${inputs.command} status${inputs.statusFlags}`],
    ['Stop', 'Ctrl-C'],
  ];
  const widest = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => `  ${paint('dim', name.padEnd(widest))}   ${value}`);
  return `\n  ${paint('bold', `dfs ${inputs.version}`)}\n\n${lines.join('\n')}\n\n`;
}

function shareFacts(inputs: BannerInputs, paint: Paint): [string, string][] {
  const [address] = inputs.addresses;
  const facts: [string, string][] = [];
  for (const share of inputs.shares.slice(0, MOST_SHOWN)) {
    facts.push([
      'Share',
      `${paint('bold', printable(share.path))}  ${paint('dim', terms(share, inputs.addresses))}`,
    ]);
    if (address !== undefined) {
      facts.push(['Mount', paint('cyan', printable(mountLine(address, share.path, inputs.minMinorVersion)))]);
    }
  }
  const more = inputs.shares.length - MOST_SHOWN;
  if (more > 0) facts.push(['', `and ${more} more shares`]);
  return facts;
}

function terms(share: RegisteredShare, addresses: readonly ListenAddress[]): string {
  const everybody = addresses.every(({ host }) => isLoopback(host))
    ? 'everybody on this machine'
    : 'everybody';
  const who = share.clients.length === 0 ? everybody : share.clients.join(' ');
  const access = share.readOnly ? 'read-only' : 'read-write';
  return `${access} for ${printable(who)}; ${squashWords(share)}`;
}

function squashWords(share: RegisteredShare): string {
  switch (share.squash) {
    case 'none':
      return "clients' root is root";
    case 'root':
      return "clients' root is nobody (squash=none changes that)";
    case 'all':
      return `everybody is ${share.anonymousUid}:${share.anonymousGid}`;
  }
}

function tilde(directory: string): string {
  const home = homeDirectory(process.env);
  return home !== '/' && directory.startsWith(`${home}/`) ? `~${directory.slice(home.length)}` : directory;
}
