export { runProgram } from './cli/program.ts';
export { Daemon, type DaemonOptions } from './daemon/daemon.ts';
export type { DataStore, OpenFileSystem, Parts, Records, RootOwner } from './daemon/parts.ts';
