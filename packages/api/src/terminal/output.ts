import { stringify } from 'yaml';

export const OUTPUT_FORMATS = ['table', 'json', 'yaml'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** What a command shows: for people as `view` makes it, for programs the value itself. Ends with a newline. */
export function render<T>(value: T, format: OutputFormat, view: (value: T) => string): string {
  switch (format) {
    case 'table':
      return `${view(value)}\n`;
    case 'json':
      return `${JSON.stringify(value, null, 2)}\n`;
    case 'yaml':
      return stringify(value);
  }
}
