import { runProgram } from './cli/program.ts';

process.exitCode = await runProgram(process.argv.slice(2), {
  env: process.env,
  workingDirectory: process.cwd(),
});
// A server that has closed everything has nothing left to wait for, whatever timers others may have set.
process.exit();
