import type {
  AuditLog,
  NfsSettingDefaults,
  NfsSettingsAnswer,
  NfsSettingsChanged,
  SettingChange,
} from '@dfs/api';
import { APPLIES_TEXT, isNfsSettingKey, nfsSettingOf } from '@dfs/api/settings';
import { type Paint, plural, printable, table } from '@dfs/api/terminal';

export function settingsView(answer: NfsSettingsAnswer, paint: Paint): string {
  const changed = Object.values(answer.details).filter((detail) => detail.changed).length;
  const rows = Object.entries(answer.settings).map(([name, value]) => {
    const detail = answer.details[name as keyof typeof answer.details];
    const shown = showValue(name, value);
    return [
      name,
      detail.changed ? paint('yellow', shown) : shown,
      showValue(name, detail.default),
      detail.changed ? paint('yellow', 'changed') : '',
      detail.source,
      nextStart(name, value, detail),
    ];
  });
  const notes = rows.some((row) => row.at(-1) !== '') ? ['AT NEXT START'] : [];
  const head = ['SETTING', 'VALUE', 'DEFAULT', '', 'SET BY', ...notes];
  const cut = rows.map((row) => row.slice(0, head.length));
  const sum = `version ${answer.version}, ${changed === 0 ? 'nothing' : plural(changed, 'setting')} changed`;
  return `${table(head, cut, paint)}\n\n${paint('dim', sum)}`;
}

function nextStart(name: string, value: unknown, detail: NfsSettingsAnswer['details']['lease_time']): string {
  const next = showValue(name, detail.at_next_start);
  if (next === showValue(name, value)) return '';
  return detail.given_at_start === null ? next : `${next} (${printable(detail.given_at_start)})`;
}

export function defaultsView({ definitions }: NfsSettingDefaults, paint: Paint): string {
  const rows = definitions.map((definition) => [
    definition.name,
    definition.default_text ?? showValue(definition.name, definition.default),
    definition.allowed,
    APPLIES_TEXT[definition.applies],
  ]);
  return table(['SETTING', 'DEFAULT', 'ALLOWED', 'APPLIES'], rows, paint);
}

export function changedView({ changes, dry_run, notes, version }: NfsSettingsChanged, paint: Paint): string {
  const head = dry_run ? paint('yellow', 'dry run: nothing has been changed') : undefined;
  const lines =
    changes.length === 0
      ? [dry_run ? 'nothing would change' : 'nothing to change: it is all like that already']
      : changes.map((change) => changeLine(change, paint));
  const last = dry_run || changes.length === 0 ? [] : [paint('dim', `version ${version}`)];
  return [
    ...(head === undefined ? [] : [head]),
    ...lines,
    ...notes.map((note) => `note: ${printable(note)}`),
    ...last,
  ].join('\n');
}

function changeLine({ setting, from, to }: SettingChange, paint: Paint): string {
  return `${printable(setting)}: ${showValue(setting, from)} -> ${paint('bold', showValue(setting, to))}`;
}

export function auditView({ entries }: AuditLog, paint: Paint): string {
  if (entries.length === 0) return 'no changes';
  const rows = entries.flatMap((entry) =>
    entry.changes.map((change, index) => {
      const first = [entry.time, printable(entry.who), entry.action, String(entry.version)];
      return [...(index === 0 ? first : first.map(() => '')), changeLine(change, paint)];
    }),
  );
  return table(['TIME', 'WHO', 'ACTION', 'VERSION', 'CHANGE'], rows, paint);
}

/** As people write it: "1MiB", not 1048576; of settings that this version does not know, as it comes. */
export function showValue(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : printable(value.join(','));
  if (value === null || value === undefined) return '-';
  const unit = isNfsSettingKey(name) ? nfsSettingOf(name).kind : undefined;
  const shown = unit === undefined || typeof value === 'object' ? value : unit.show(value);
  const text = printable(typeof shown === 'string' ? shown : JSON.stringify(shown));
  return unit?.unit === 'seconds' ? `${text} s` : text;
}
