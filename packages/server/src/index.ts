export { runProgram } from './cli/program.ts';
export { Daemon, type DaemonOptions } from './daemon/daemon.ts';
export { type Parts, REAL_PARTS } from './daemon/parts.ts';
