import { constants } from 'node:os';

/** What a shell calls the status of a process that a signal has ended, before the signal's number is added. */
const SIGNAL_STATUS = 128;
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
export type StopSignal = (typeof STOP_SIGNALS)[number];

/**
 * Milliseconds within which a second signal is the same wish: a Ctrl-C under npm comes twice, from the terminal and from npm,
 * which passes on its own.
 */
const SAME_WISH_MS = 500;

export interface StopSignals {
  /** Resolves with the first signal. */
  readonly first: Promise<StopSignal>;
  /** Gives the signals back their usual effect. */
  dispose(): void;
}

/** Waits for a wish to stop. A second one, later than an echo of the first, ends the process as the signal does by itself. */
export function stopSignals(onForce: (signal: StopSignal) => void): StopSignals {
  const { promise, resolve } = Promise.withResolvers<StopSignal>();
  let firstAt: number | undefined;
  const handler = (signal: StopSignal) => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      resolve(signal);
    } else if (performance.now() - firstAt > SAME_WISH_MS) {
      dispose();
      onForce(signal);
      process.kill(process.pid, signal);
      // The first process of a container, to which the kernel gives no signal that it does not handle.
      if (process.pid === 1) process.exit(SIGNAL_STATUS + constants.signals[signal]);
    }
  };
  const dispose = () => {
    for (const signal of STOP_SIGNALS) process.off(signal, handler);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, handler);
  return { first: promise, dispose };
}
