import { printable } from '@dfs/api/terminal';

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** Several values are wrong, each for its own reason. */
export class FieldErrors extends Error {
  readonly errors: readonly FieldError[];

  constructor(message: string, errors: readonly FieldError[]) {
    super(message);
    this.name = 'FieldErrors';
    this.errors = errors;
  }
}

/** One line for each, under a line that says what came of it. */
export function fieldErrorsText(message: string, errors: readonly FieldError[]): string {
  const lines = errors.map(({ field, message: why }) => `  ${printable(field)}: ${printable(why)}\n`);
  return `dfsctl: ${printable(message)}\n${lines.join('')}`;
}
