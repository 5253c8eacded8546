import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Status } from '../src/index.ts';
import {
  painter,
  printable,
  render,
  sharesView,
  showDuration,
  showSize,
  statusView,
  table,
  wantsColour,
} from '../src/terminal/index.ts';
import { SHARE } from './support/share.ts';

const plain = painter(false);

const status: Status = {
  version: '0.1.0',
  node: 'v24.0.0',
  pid: 7,
  state: 'ready',
  started_at: '2026-01-01T00:00:00.000Z',
  uptime_seconds: 3700,
  data: '/d',
  durability: 'power',
  journal: 'kept',
  listeners: [
    { protocol: 'nfs', address: '127.0.0.1:12049' },
    { protocol: 'nfs', address: '[::1]:12049' },
    { protocol: 'api', address: '/d/api.sock' },
  ],
  shares: [
    SHARE,
    {
      ...SHARE,
      path: '/b\u001b[2J',
      squash: 'none',
      read_only: true,
      clients: ['::1'],
      privileged_port: true,
      quota_bytes: 10 * 2 ** 30,
      quota_files: 1000,
    },
  ],
  nfs: {
    in_grace: false,
    clients: 1,
    sessions: 2,
    connections: 3,
    opens: 4,
    locks: 5,
    requests: 1_234_567,
    bytes_in: 1536,
    bytes_out: 5 * 2 ** 30,
  },
};

describe('what the tools show', () => {
  it('is a status for people', () => {
    expect(statusView(status, plain)).toBe(
      [
        'dfs 0.1.0  ready  pid 7  up 1 h 1 min',
        '',
        'Data     /d',
        'NFS      127.0.0.1:12049, [::1]:12049',
        'API      /d/api.sock',
        'Clients  1 with 2 sessions on 3 connections',
        'Held     4 opens, 5 locks',
        'Traffic  1,234,567 requests, 1.5 KiB in, 5.0 GiB out',
        '',
        'SHARE       ACCESS       SQUASH                USED                  FILES        CLIENTS',
        '/export     read-write   root to 65534:65534   4.0 KiB               1            everybody',
        '/b\\x1b[2J   read-only    none                  4.0 KiB of 10.0 GiB   1 of 1,000   ::1, from ports below 1024',
      ].join('\n'),
    );
  });

  it('names what is unusual', () => {
    const unusual = {
      ...status,
      data: null,
      durability: 'none' as const,
      journal: 'none' as const,
      state: 'stopping' as const,
      nfs: { ...status.nfs, in_grace: true },
    };
    const view = statusView(unusual, plain);
    expect(view).toContain('nothing is kept');
    expect(view).toContain('stopping');
    expect(view).toContain('in grace');
  });

  it('is aligned though it is coloured', () => {
    const paint = painter(true);
    const coloured = table(['A', 'B'], [[paint('green', 'long'), 'x']], paint);
    expect(stripVTControlCharacters(coloured)).toBe('A      B\nlong   x');
    expect(sharesView([], plain)).toBe('SHARE   ACCESS   SQUASH   USED   FILES   CLIENTS');
  });

  it('is data for programs', () => {
    expect(render({ a: [1] }, 'json', () => 'view')).toBe('{\n  "a": [\n    1\n  ]\n}\n');
    expect(render({ a: [1] }, 'yaml', () => 'view')).toBe('a:\n  - 1\n');
    expect(render({ a: [1] }, 'table', () => 'view')).toBe('view\n');
  });

  it('has units', () => {
    expect([0, 1023, 1024, 150 * 1024, 2 ** 60].map(showSize)).toEqual([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '150 KiB',
      '1024 PiB',
    ]);
    expect([0.9, 61, 3600, 90_000].map(showDuration)).toEqual(['0 s', '1 min 1 s', '1 h 0 min', '1 d 1 h']);
  });

  it('does not let what it shows steer the terminal', () => {
    expect(printable('a\u001b]0;x\u0007\r\n\u009bé')).toBe('a\\x1b]0;x\\x07\\x0d\\x0a\\x9bé');
  });
});

it('colours where it is asked to, and otherwise only on a terminal', () => {
  const notATerminal = 0x7fff_ffff;
  expect(wantsColour(notATerminal, {})).toBe(false);
  expect(wantsColour(notATerminal, { FORCE_COLOR: '1' })).toBe(true);
  expect(wantsColour(notATerminal, { FORCE_COLOR: '0' })).toBe(false);
  expect(wantsColour(1, { NO_COLOR: '1' })).toBe(false);
  expect(wantsColour(1, { TERM: 'dumb' })).toBe(false);
});
