import { ApiError } from '../errors.ts';
import { ExitCode } from './exit-codes.ts';

/** What a command says on stderr when a call to the API failed, and how it ends. */
export interface Failure {
  readonly text: string;
  readonly exitCode: number;
}

/** `program` is the name in front; `advice` says how to point it to another server. Undefined for what is no ApiError. */
export function apiFailure(error: unknown, program: string, advice: string): Failure | undefined {
  if (!(error instanceof ApiError)) return undefined;
  switch (error.code) {
    case 'unreachable':
      return {
        text: `${program}: ${error.message}\n  Is it running? ${advice}\n`,
        exitCode: ExitCode.NO_SERVER,
      };
    case 'forbidden':
    case 'timeout':
    case 'untrusted':
      return { text: `${program}: ${error.message}\n  ${advice}\n`, exitCode: ExitCode.NO_SERVER };
    case 'problem':
    case 'malformed':
    case 'too_large':
      return { text: `${program}: ${error.message}\n`, exitCode: ExitCode.REFUSED };
  }
}
