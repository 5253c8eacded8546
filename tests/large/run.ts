/** `npm run test:large`: what size does to a server: one directory of very many entries, trees very deep and very wide. See `--help`. */
import { UsageError } from '../support/command-line.ts';
import { readOptions } from './options.ts';
import { runSuite } from './suite.ts';

const WRONG_OPTIONS = 2;
const say = (line: string): void => console.log(`test:large: ${line}`);

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2));
    if (typeof options === 'string') {
      console.log(options);
      return 0;
    }
    const failures = await runSuite(options, say);
    say(failures.length === 0 ? 'passed' : `FAILED: ${failures.length} of what it looks at`);
    return failures.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`test:large: ${error.message}`);
    return WRONG_OPTIONS;
  }
}

process.exitCode = await main();
