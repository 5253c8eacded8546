import { must } from './process.ts';

/**
 * The test's own network: a namespace with one tap, the server's end of it and the guest's. No address of it is
 * reached from outside, so any would do.
 */
export const network = {
  tap: 'tap0',
  server: '10.77.0.1',
  guest: '10.77.0.2',
  secondClient: '10.77.0.3',
  prefix: 24,
} as const;

const LIMIT_MS = 10_000;

/** Makes the tap in the network namespace that this process has to itself. */
export async function makeNetwork(): Promise<void> {
  const ip = (...args: string[]): Promise<string> => must('ip', args, { timeoutMs: LIMIT_MS });
  await ip('link', 'set', 'lo', 'up');
  await ip('tuntap', 'add', 'dev', network.tap, 'mode', 'tap', 'vnet_hdr');
  await ip('addr', 'add', `${network.server}/${network.prefix}`, 'dev', network.tap);
  await ip('link', 'set', network.tap, 'up');
}
