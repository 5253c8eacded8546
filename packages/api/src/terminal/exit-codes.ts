/** What scripts may rely on. Documented in docs/running.md. */
export const ExitCode = {
  OK: 0,
  /** A fault of dfs itself. */
  FAULT: 1,
  /** A wrong flag, variable, setting or file. */
  USAGE: 2,
  /** Everything was said rightly, but the server cannot start here: port taken, data directory in use, no permission. */
  CANNOT_START: 3,
  /** No server answers where one was asked. */
  NO_SERVER: 4,
  /** The server answered with a refusal. */
  REFUSED: 5,
  /** A check found damage, and it is still there. */
  DAMAGED: 6,
  /** Ended by a second signal, before everything was closed; plus the signal's number. */
  SIGNAL_BASE: 128,
} as const;
