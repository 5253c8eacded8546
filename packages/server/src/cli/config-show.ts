import type { JsonValue } from '@dfs/api/settings';
import type { OutputFormat } from '@dfs/api/terminal';
import { Document } from 'yaml';
import type { Config, Origin } from '../config/resolve.ts';
import { SETTING_KEYS, type SettingKey, settingOf } from '../config/settings.ts';

/** The values in effect, each with where it came from. */
export function showConfig(config: Config, format: Exclude<OutputFormat, 'table'>): string {
  return format === 'json' ? asJson(config) : asYaml(config);
}

function asJson(config: Config): string {
  const settings = Object.fromEntries(
    SETTING_KEYS.map((key) => {
      const { source, where } = config.origins[key];
      return [key, { value: shown(config, key), source, ...(where !== '' && { where }) }];
    }),
  );
  return `${JSON.stringify({ file: config.file ?? null, settings }, null, 2)}\n`;
}

/** A configuration file that would have the same effect; what is worked out at the start is a comment in it. */
function asYaml(config: Config): string {
  const lines: string[] = [
    config.file === undefined ? '# no configuration file was read' : `# from ${config.file}`,
  ];
  for (const key of SETTING_KEYS) {
    const value = shown(config, key);
    const origin = originText(config.origins[key]);
    const unset = value === null || (Array.isArray(value) && value.length === 0);
    lines.push(
      unset
        ? `# ${key}: ${(settingOf(key).defaultText ?? 'none').replaceAll('`', '')}`
        : yamlLine(key, value, origin),
    );
  }
  return `${lines.join('\n')}\n`;
}

function yamlLine(key: SettingKey, value: JsonValue, origin: string): string {
  const document = new Document({ [key]: value });
  const text = document.toString({ flowCollectionPadding: false, lineWidth: 0 }).trimEnd();
  const [first = '', ...rest] = text.split('\n');
  return [`${first}  # ${origin}`, ...rest].join('\n');
}

function shown(config: Config, key: SettingKey): JsonValue {
  return settingOf(key).kind.show(config.values[key]);
}

function originText({ source, where }: Origin): string {
  return where === '' ? source : where;
}
