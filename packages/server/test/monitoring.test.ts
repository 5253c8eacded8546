import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Status } from '@dfs/nfs/client';
import { describe, expect, it } from 'vitest';
import { ALERTS, DASHBOARD, dashboard, RULES, rules } from '../../../scripts/monitoring.ts';
import { statusName } from '../src/metrics/names.ts';
import { METRICS } from '../src/metrics/table.ts';

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
const NAMES = new Set(METRICS.map(({ name }) => name));

/** The metrics of dfs that an expression names, without what a histogram appends. */
function named(expr: string): string[] {
  return [...expr.matchAll(/\b(?:dfs|process)_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, ''));
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}

describe('docs/monitoring', () => {
  it('is what scripts/monitoring.ts writes', () => {
    expect(readFileSync(DASHBOARD, 'utf8')).toBe(dashboard());
    expect(readFileSync(RULES, 'utf8')).toBe(rules());
  });

  it('asks only for metrics that there are', () => {
    for (const { name, expr } of ALERTS) {
      if (name !== 'DfsDown') expect(named(expr), name).not.toEqual([]);
      for (const metric of named(expr)) expect(NAMES, name).toContain(metric);
    }
  });

  it('asks for statuses as they are shown', () => {
    const shown = Object.values(Status).map(statusName);
    const asked = ALERTS.flatMap(({ expr }) =>
      [...expr.matchAll(/status=~"([^"]+)"/g)].map(([, pattern]) => pattern),
    );
    expect(asked).not.toEqual([]);
    for (const pattern of asked) {
      const matching = shown.filter((name) => new RegExp(`^(?:${pattern})$`).test(name));
      expect(matching.sort()).toEqual(['NFS4ERR_IO', 'NFS4ERR_NOSPC', 'NFS4ERR_SERVERFAULT']);
    }
  });

  it('draws every metric once, and no panel over another', () => {
    const { panels } = JSON.parse(dashboard()) as { panels: Panel[] };
    const drawn = panels.filter(({ type }) => type === 'timeseries');
    const undrawn = ['dfs_build_info', 'process_start_time_seconds'];
    expect(drawn.map(({ title }) => title).sort()).toEqual(
      [...NAMES].filter((name) => !undrawn.includes(name)).sort(),
    );
    for (const { title, targets = [] } of drawn) {
      for (const { expr } of targets) expect(named(expr)).toEqual([title]);
    }
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });

  it.runIf(hasPromtool)('pleases promtool', () => {
    expect(
      execFileSync('promtool', ['check', 'rules', fileURLToPath(RULES)], { encoding: 'utf8' }),
    ).toContain('SUCCESS');
  });
});
