import { readFileSync } from 'node:fs';
import type { OutputConfiguration } from 'commander';
import { complain, say } from './io.ts';

/** How commander speaks: an error is one line under the program's name, with the way to the help. */
export function commandOutput(program: string): OutputConfiguration {
  const errorText = (text: string) => `${program}: ${text.replace(/^error: /, '')}  See: ${program} --help\n`;
  return {
    writeOut: say,
    writeErr: complain,
    outputError: (text, write) => write(errorText(text)),
  };
}

/** The version in a package's package.json, which lies one folder above `module`. */
export function packageVersion(module: string): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', module), 'utf8')) as {
    version: string;
  };
  return version;
}
