import { stripVTControlCharacters } from 'node:util';
import { painter } from '@dfs/api/terminal';
import { describe, expect, it } from 'vitest';
import { Meter } from '../../src/top/meter.ts';
import { renderTop } from '../../src/top/render.ts';
import { sparkline } from '../../src/top/sparkline.ts';
import { initialState, measured, press, type Size, type TopState, troubled } from '../../src/top/state.ts';
import { client, connection, sample, session } from '../helpers/sample.ts';

const PLAIN = { where: '/run/dfs/api.sock', paint: painter(false), ascii: false };

const moment = (seconds: number, requests: number) =>
  sample(seconds, [
    client('0011223344556677', [
      session('0011223344556677aabbccdd00000001', '0011223344556677', [
        connection(1, requests, { direction: 'both' }),
        connection(2, requests * 2, { draining: true }),
      ]),
    ]),
  ]);

function state(size: Size): TopState {
  const meter = new Meter();
  const first = measured(initialState(size), meter.take(moment(0, 0)));
  return measured(measured(first, meter.take(moment(1, 100))), meter.take(moment(2, 300)));
}

describe('the screen of top', () => {
  it('shows clients, sessions and connections with their rates', () => {
    const lines = renderTop(state({ columns: 130, rows: 20 }), PLAIN);
    expect(lines).toHaveLength(20);
    expect(lines.map((line) => line.trimEnd())).toMatchInlineSnapshot(`
      [
        "dfs 1.2.3  ready  up 1 min 1 s  /run/dfs/api.sock",
        "1 client  1 session  2 connections   sorted by requests/s",
        "    600 requests/s  586 KiB/s in  58.6 KiB/s out  ▅█",
        "",
        "    CLIENT, SESSION, CONNECTION       STATE      CONNECTIONS        REQ/S       IN/S      OUT/S     REQUESTS  REQ/S OVER TIME",
        "❯ ▾ 10.0.0.16  Linux NFSv4.1 001122…  active     2 in 1 session       600    586 KiB   58.6 KiB          900                    ▅█",
        "    ▾ session …00000001                          2 (1f 0b 1fb)        600    586 KiB   58.6 KiB          900                    ▅█",
        "        #2  10.0.0.1:702              draining   fore                 400    391 KiB   39.1 KiB          600                    ▅█",
        "        #1  10.0.0.1:701                         both                 200    195 KiB   19.5 KiB          300                    ▅█",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "  client 0011223344556677   Linux NFSv4.1 0011223344556677",
        "  3 opens, 1 lock, 0 delegations   back channel up   2 (1f 0b 1fb)",
        "q quit   ? help   s sort   d drain   e evict   enter fold   space pause",
      ]
    `);
  });

  it.each([130, 110, 100, 80, 60, 40])('fits %i columns, painted or not', (columns) => {
    for (const rows of [10, 12, 50]) {
      const now = press(state({ columns, rows }), 'down').state;
      const lines = renderTop(now, PLAIN);
      expect(lines).toHaveLength(rows);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
      const painted = renderTop(now, { ...PLAIN, paint: painter(true) });
      expect(painted.join('')).toContain('\u001b[');
      expect(painted.map(stripVTControlCharacters)).toEqual(lines);
      for (const key of ['?', 'd']) {
        for (const line of renderTop(press(now, key).state, PLAIN)) {
          expect(line.length).toBeLessThanOrEqual(columns);
        }
      }
    }
  });

  it('asks a terminal that is too small to grow, and bears any size', () => {
    for (const [columns, rows] of [
      [1, 1],
      [39, 9],
      [0, 5],
      [10_000, 10_000],
    ] as const) {
      const lines = renderTop(state({ columns, rows }), PLAIN);
      expect(lines.length).toBeLessThanOrEqual(rows);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    }
    expect(renderTop(state({ columns: 39, rows: 9 }), PLAIN)[0]).toContain('needs 40x10');
  });

  it('lets no client write to the terminal', () => {
    const evil = client('e', [], { owner: 'x\u001b[2J\u0007\u009b2J\n漢字👍', address: '\u001b]0;t\u0007' });
    const meter = new Meter();
    const now = measured(initialState({ columns: 100, rows: 20 }), meter.take(sample(0, [evil])));
    for (const line of [...renderTop(now, PLAIN), ...renderTop(press(now, 'e').state, PLAIN)]) {
      expect(line).toMatch(/^[\x20-\x7e·…▾▸❯▁-█]*$/);
    }
  });

  it('uses ASCII alone where there is nothing else', () => {
    const lines = renderTop(state({ columns: 130, rows: 20 }), { ...PLAIN, ascii: true });
    expect(lines.join('\n')).toMatch(/^[\x20-\x7e\n]*$/);
    expect(lines.join('\n')).toContain('=#');
  });

  it('says that it is paused, that there is nobody, that the server is gone, and what is asked', () => {
    const size = { columns: 100, rows: 20 };
    const text = (now: TopState) => renderTop(now, PLAIN).join('\n');
    expect(text(initialState(size))).toContain('/run/dfs/api.sock');
    expect(text(press(state(size), 'space').state)).toContain('paused');
    expect(text(measured(initialState(size), new Meter().take(sample(0, []))))).toContain('no client');
    expect(text(troubled(state(size), 'no server answers'))).toContain('no server answers');
    expect(text(press(state(size), 'e').state)).toContain(
      'Evict client 10.0.0.16 with its 3 opens and 1 locks? y/n',
    );
    expect(text(press(state(size), '?').state)).toContain('drain: what is in flight is answered');
  });
});

describe('a sparkline', () => {
  it.each([
    [[], 4, '    '],
    [[0, 0], 4, '  ▁▁'],
    [[1, 2, 4], 3, '▄▅█'],
    [[9, 0, 1, 100], 3, '▁▂█'],
    [[5], 0, ''],
  ])('of %j in %i cells is "%s"', (values, width, bars) => {
    expect(sparkline(values, width)).toBe(bars);
  });
});
