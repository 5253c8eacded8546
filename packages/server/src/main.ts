import { runProgram } from './cli/program.ts';
import { realParts } from './daemon/real-parts.ts';

process.exitCode = await runProgram(process.argv.slice(2), {
  env: process.env,
  workingDirectory: process.cwd(),
  parts: realParts,
});
// A server that has closed everything has nothing left to wait for, whatever timers others may have set.
process.exit();
