// Writes docs/monitoring/ from the metrics table, a Grafana dashboard and Prometheus' alert rules: node scripts/monitoring.ts
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import { METRICS } from '../packages/server/src/metrics/table.ts';

export const DASHBOARD = new URL('../docs/monitoring/grafana-dashboard.json', import.meta.url);
export const RULES = new URL('../docs/monitoring/alert-rules.yml', import.meta.url);

const ACROSS = 24;
const PANEL = { w: 8, h: 7 };
/** Rows of the dashboard, by how the names of their metrics begin; the first that fits takes it. */
const ROWS: readonly (readonly [title: string, prefixes: readonly string[]])[] = [
  ['Requests', ['dfs_nfs_operation', 'dfs_nfs_request', 'dfs_nfs_received', 'dfs_nfs_sent']],
  ['Connections', ['dfs_nfs_connections']],
  [
    'Sessions',
    ['dfs_nfs_session', 'dfs_nfs_sequence', 'dfs_nfs_replays', 'dfs_nfs_slots', 'dfs_nfs_reply_cache'],
  ],
  ['State', ['dfs_nfs_']],
  ['Storage', ['dfs_storage', 'dfs_share_']],
  ['Backups', ['dfs_backup']],
  ['Process', ['dfs_', 'process_']],
];
/** Shown by other means than a curve of their own. */
const UNDRAWN: ReadonlySet<string> = new Set(['dfs_build_info', 'process_start_time_seconds']);

type Metric = (typeof METRICS)[number];

interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: 'warning' | 'critical';
  readonly summary: string;
  readonly description: string;
}

/** What an operator wants to be woken for, or to read in the morning. */
export const ALERTS: readonly Alert[] = [
  {
    name: 'DfsDown',
    expr: 'up{job="dfs"} == 0',
    for: '1m',
    severity: 'critical',
    summary: 'dfs at {{ $labels.instance }} does not answer',
    description:
      'Clients wait and go on by themselves once it serves again: start it, and look at its last log lines.',
  },
  {
    name: 'DfsShareStopped',
    expr: 'dfs_share_stopped == 1',
    for: '0m',
    severity: 'critical',
    summary: '{{ $labels.share }} of {{ $labels.instance }} answers with errors: its disk has failed',
    description:
      '`dfsctl share list` tells why and what to do, `dfsctl share start` has it serve again. Leave the server running: it keeps what the disk has not taken.',
  },
  {
    name: 'DfsDiskFull',
    expr: 'dfs_storage_full == 1',
    for: '1m',
    severity: 'critical',
    summary: 'the disk of {{ $labels.instance }} has no room for records',
    description: 'Changes are refused, all but those that free room. Make some: it goes on by itself.',
  },
  {
    name: 'DfsJournalLost',
    expr: 'dfs_storage_journal_lost == 1',
    for: '0m',
    severity: 'warning',
    summary: 'the journal of {{ $labels.instance }} could not be written',
    description:
      'Sessions no longer outlive the server: see that the disk has room, then restart it at a quiet moment.',
  },
  {
    name: 'DfsBackupOld',
    expr: 'dfs_backup_last_success_timestamp_seconds > 0 and time() - dfs_backup_last_success_timestamp_seconds > 2 * 86400',
    for: '15m',
    severity: 'warning',
    summary: 'the last backup of {{ $labels.instance }} is more than two days old',
    description:
      'See what became of the ones since: GET /api/v1/backup, and the log. docs/backup.md says how one is made.',
  },
  {
    name: 'DfsCommitsSlow',
    expr: 'rate(dfs_storage_commit_seconds_total[5m]) / rate(dfs_storage_batches_total[5m]) > 0.1',
    for: '10m',
    severity: 'warning',
    summary: 'a commit of {{ $labels.instance }} takes {{ $value | humanizeDuration }}',
    description: 'Every change waits for the disk so long. Look at the disk, and at who else uses it.',
  },
  {
    name: 'DfsOperationsFail',
    expr: 'sum by (instance) (rate(dfs_nfs_operations_total{status=~"NFS4ERR_(IO|SERVERFAULT|NOSPC)"}[5m])) > 0',
    for: '5m',
    severity: 'critical',
    summary: '{{ $labels.instance }} answers with errors of its own or of its disk',
    description: 'The log says which; `dfs check` verifies the data of a server that is stopped.',
  },
  {
    name: 'DfsQuotaNearlyUsed',
    expr: 'dfs_share_used_bytes / dfs_share_quota_bytes > 0.9 or dfs_share_used_files / dfs_share_quota_files > 0.9',
    for: '5m',
    severity: 'warning',
    summary:
      '{{ $labels.share }} on {{ $labels.instance }} has used {{ $value | humanizePercentage }} of its quota',
    description:
      'Beyond it writes answer NFS4ERR_DQUOT ("Disk quota exceeded"). Remove something, or raise it: `dfsctl share update {{ $labels.share }} --quota-bytes SIZE`.',
  },
  {
    name: 'DfsConnectionsRefused',
    expr: 'rate(dfs_nfs_connections_refused_total[5m]) > 0',
    for: '10m',
    severity: 'warning',
    summary: '{{ $labels.instance }} turns connections away',
    description: 'max_connections is reached, or an address is drained: `dfsctl status` tells.',
  },
  {
    name: 'DfsOverLimit',
    expr: 'increase(dfs_nfs_connections_over_limit_total[15m]) > 0',
    for: '0m',
    severity: 'warning',
    summary: 'clients of {{ $labels.instance }} come with more connections than a session may have',
    description:
      'They are served over those they have. Mount with a lower nconnect, or raise v4_max_connections_per_session.',
  },
  {
    name: 'DfsDelegationsRevoked',
    expr: 'increase(dfs_nfs_delegations_total{event="revoked"}[15m]) > 0',
    for: '0m',
    severity: 'warning',
    summary: 'clients of {{ $labels.instance }} lost delegations',
    description:
      'They did not answer a recall within their lease: is their back channel up? `dfsctl client sessions list` tells.',
  },
  {
    name: 'DfsEventLoopLags',
    expr: 'histogram_quantile(0.99, rate(dfs_event_loop_lag_seconds_bucket[5m])) > 0.25',
    for: '10m',
    severity: 'warning',
    summary: 'dfs at {{ $labels.instance }} is busy for {{ $value | humanizeDuration }} at once',
    description:
      'All clients wait meanwhile. Spread them over several servers, or find what is dear: dfs_nfs_operation_duration_seconds.',
  },
];

function expressions({ name, type, labels = [] }: Metric): { expr: string; legend: string }[] {
  const legend = labels.map((label) => `{{${label}}}`).join(' ') || '{{instance}}';
  switch (type) {
    case 'counter': {
      const by = labels.length === 0 ? 'instance' : labels.join(', ');
      return [{ expr: `sum by (${by}) (rate(${name}{instance=~"$instance"}[$__rate_interval]))`, legend }];
    }
    case 'gauge':
      return [{ expr: `${name}{instance=~"$instance"}`, legend }];
    case 'histogram':
      return [0.5, 0.99].map((quantile) => ({
        expr: `histogram_quantile(${quantile}, sum by (${['le', ...labels].join(', ')}) (rate(${name}_bucket{instance=~"$instance"}[$__rate_interval])))`,
        legend: `p${quantile * 100} ${labels.length === 0 ? '' : legend}`.trim(),
      }));
  }
}

/** Grafana's name of the unit that a metric's name ends in. */
function unit({ name, type }: Metric): string {
  if (name.includes('_bytes')) return type === 'counter' ? 'Bps' : 'bytes';
  if (name.includes('cpu_seconds')) return 'percentunit';
  if (name.includes('_seconds')) return 's';
  return type === 'counter' ? 'ops' : 'short';
}

function panel(metric: Metric, id: number, at: number, y: number): unknown {
  const across = ACROSS / PANEL.w;
  return {
    id,
    type: 'timeseries',
    title: metric.name,
    description: metric.help,
    datasource: { type: 'prometheus', uid: '$datasource' },
    gridPos: { ...PANEL, x: (at % across) * PANEL.w, y: y + Math.floor(at / across) * PANEL.h },
    fieldConfig: { defaults: { unit: unit(metric), min: 0 }, overrides: [] },
    targets: expressions(metric).map(({ expr, legend }, i) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + i),
      expr,
      legendFormat: legend,
    })),
  };
}

function panels(): unknown[] {
  const left = new Set(METRICS.filter(({ name }) => !UNDRAWN.has(name)));
  const made: unknown[] = [];
  let y = 0;
  for (const [title, prefixes] of ROWS) {
    const chosen = [...left].filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)));
    made.push({
      id: made.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { w: ACROSS, h: 1, x: 0, y: y++ },
      panels: [],
    });
    chosen.forEach((metric, at) => {
      left.delete(metric);
      made.push(panel(metric, made.length + 1, at, y));
    });
    y += Math.ceil(chosen.length / (ACROSS / PANEL.w)) * PANEL.h;
  }
  return made;
}

export function dashboard(): string {
  const variables = [
    { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' },
    {
      name: 'instance',
      type: 'query',
      label: 'Server',
      datasource: { type: 'prometheus', uid: '$datasource' },
      query: 'label_values(dfs_build_info, instance)',
      includeAll: true,
      multi: true,
      refresh: 2,
    },
  ];
  const page = {
    uid: 'dfs',
    title: 'dfs',
    description: 'Every metric of dfs. Generated by scripts/monitoring.ts from the metrics table.',
    schemaVersion: 39,
    editable: true,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    templating: { list: variables },
    panels: panels(),
  };
  return `${JSON.stringify(page, null, 2)}\n`;
}

export function rules(): string {
  const alerts = ALERTS.map(({ name, expr, for: duration, severity, summary, description }) => ({
    alert: name,
    expr,
    for: duration,
    labels: { severity },
    annotations: { summary, description },
  }));
  const text = stringify({ groups: [{ name: 'dfs', rules: alerts }] }, { lineWidth: 0 });
  return `# Generated by scripts/monitoring.ts. The job that scrapes dfs is called "dfs" here.\n${text}`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(DASHBOARD, dashboard());
  writeFileSync(RULES, rules());
}
