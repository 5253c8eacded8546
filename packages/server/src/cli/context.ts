import type { Environment } from '@dfs/api';
import type { Parts } from '../daemon/parts.ts';

/** The world of one command. */
export interface CommandContext {
  readonly env: Environment;
  readonly workingDirectory: string;
  readonly parts: Parts;
}
