import type { Share } from '../schemas/share.ts';
import type { ServerState, Status } from '../schemas/status.ts';
import { type Paint, printable } from './paint.ts';
import { table } from './table.ts';
import { showCount, showDuration, showSize } from './units.ts';

/** The answer to "how is the server?", for people. */
export function statusView(status: Status, paint: Paint): string {
  const { nfs } = status;
  const addresses = (protocol: 'nfs' | 'api') =>
    status.listeners.filter((l) => l.protocol === protocol).map((l) => printable(l.address));
  const title = [
    paint('bold', `dfs ${printable(status.version)}`),
    paintState(status.state, paint),
    `pid ${status.pid}`,
    `up ${showDuration(status.uptime_seconds)}`,
  ];
  const facts: [string, string][] = [
    ['Data', dataFacts(status)],
    ['NFS', addresses('nfs').join(', ')],
    ['API', addresses('api').join(', ')],
    ['Clients', clientFigures(status)],
    ['Held', `${showCount(nfs.opens)} opens, ${showCount(nfs.locks)} locks`],
    [
      'Traffic',
      `${showCount(nfs.requests)} requests, ${showSize(nfs.bytes_in)} in, ${showSize(nfs.bytes_out)} out`,
    ],
  ];
  const widest = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => `${paint('dim', name.padEnd(widest))}  ${value}`);
  return [title.join('  '), '', ...lines, '', sharesView(status.shares, paint)].join('\n');
}

function dataFacts({ data, durability, journal }: Status): string {
  if (data === null) return 'memory: nothing is kept';
  const grade = durability === 'crash' ? '; a loss of power takes the last moments (durability crash)' : '';
  const lost =
    journal === 'lost' ? '; the journal could not be written: sessions will not outlive the server' : '';
  return `${printable(data)}${grade}${lost}`;
}

function clientFigures({ nfs }: Status): string {
  const [sessions, connections] = [many(nfs.sessions, 'session'), many(nfs.connections, 'connection')];
  const figures = `${showCount(nfs.clients)} with ${sessions} on ${connections}`;
  return nfs.in_grace ? `${figures}; in grace: waiting for clients to take back what they held` : figures;
}

function paintState(state: ServerState, paint: Paint): string {
  return paint(state === 'ready' ? 'green' : 'yellow', state);
}

export function sharesView(shares: readonly Share[], paint: Paint): string {
  const rows = shares.map((share) => [
    printable(share.path),
    accessText(share),
    squashText(share),
    usedText(showSize(share.used_bytes), share.quota_bytes, showSize),
    usedText(showCount(share.used_files), share.quota_files, showCount),
    clientsText(share),
  ]);
  const shown = table(['SHARE', 'ACCESS', 'SQUASH', 'USED', 'FILES', 'CLIENTS'], rows, paint);
  return [shown, ...shares.flatMap((share) => stopText(share, paint))].join('\n');
}

function accessText({ state, read_only }: Share): string {
  if (state === 'stopped') return 'stopped';
  return read_only ? 'read-only' : 'read-write';
}

function stopText({ path, stopped }: Share, paint: Paint): string[] {
  if (stopped === null) return [];
  const { since, reason, advice } = stopped;
  const why = `${printable(path)} stopped at ${since}: ${printable(reason)}`;
  return ['', paint('red', why), `  ${printable(advice)}`];
}

/** "1.5 GiB", "1.5 GiB of 10 GiB". */
function usedText(used: string, quota: number, show: (quota: number) => string): string {
  return quota === 0 ? used : `${used} of ${show(quota)}`;
}

function squashText(share: Share): string {
  if (share.squash === 'none') return 'none';
  return `${share.squash} to ${share.anonymous_uid}:${share.anonymous_gid}`;
}

function clientsText(share: Share): string {
  const who = share.clients.length === 0 ? 'everybody' : share.clients.map(printable).join(' ');
  return share.privileged_port ? `${who}, from ports below 1024` : who;
}

function many(count: number, noun: string): string {
  return `${showCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}
