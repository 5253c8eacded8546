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
  /** Another address of the server, which can be taken away. */
  secondServer: '10.77.0.4',
  /** Leads to the server through the rig, which can cut a connection there; see cutter.ts. */
  cutter: '10.77.0.5',
  /** Further clients count up from here. */
  moreClients: '10.77.0.16',
  prefix: 24,
} as const;

const LIMIT_MS = 10_000;

/** Makes the tap in the network namespace that this process has to itself. */
export async function makeNetwork(): Promise<void> {
  const ip = (...args: string[]): Promise<string> => must('ip', args, { timeoutMs: LIMIT_MS });
  await ip('link', 'set', 'lo', 'up');
  await ip('tuntap', 'add', 'dev', network.tap, 'mode', 'tap', 'vnet_hdr');
  for (const address of [network.server, network.secondServer, network.cutter])
    await ip('addr', 'add', `${address}/${network.prefix}`, 'dev', network.tap);
  await ip('link', 'set', network.tap, 'up');
}

/** Takes the server's second address away, so that packets to it are lost, or gives it back. */
export async function setSecondServer(there: boolean): Promise<void> {
  const address = `${network.secondServer}/${network.prefix}`;
  await must('ip', ['addr', there ? 'add' : 'del', address, 'dev', network.tap], { timeoutMs: LIMIT_MS });
}

/** A TCP connection as the server's end sees it, ADDRESS:PORT. */
export type SocketPair = { readonly local: string; readonly remote: string };

/** The established connections to a port of the server, as ss counts them. */
export async function establishedTo(port: number): Promise<SocketPair[]> {
  const filter = ['state', 'established', `( sport = :${port} )`];
  const shown = await must('ss', ['-Htn', ...filter], { timeoutMs: LIMIT_MS });
  return shown
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words.length > 1)
    .map((words) => ({ local: words.at(-2) ?? '', remote: words.at(-1) ?? '' }));
}
