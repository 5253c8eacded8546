import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { network } from './net.ts';
import { ended, sleep, stop } from './process.ts';

/** What tshark says about the packets of one capture. */
export type CaptureReport = {
  readonly packets: number;
  readonly bytes: number;
  /** Packets that dumpcap was too slow for: with any, tshark's view of the streams has gaps. */
  readonly dropped: number;
  readonly calls: number;
  readonly replies: number;
  /** Frames that the decoder finds malformed, or errors of RPC or NFS in; the first of them described. */
  readonly malformed: number;
  readonly findings: readonly string[];
  /** Replies slower than `slowAfter` seconds: when asked, how long it took, what it was. */
  readonly slow: ReadonlyArray<{ readonly from: number; readonly seconds: number; readonly what: string }>;
  readonly slowest: number;
};

export type Capture = { readonly file: string; readonly stop: () => Promise<number> };

const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 30_000;
const ANALYSE_LIMIT_MS = 600_000;
/** Whole segments as the tap carries them, which with offloading are larger than any on a wire. */
const SNAPLEN = 262_144;
const KERNEL_BUFFER_MIB = 128;
/** A capture that grows beyond this is stopped: what comes after is not looked at. */
const MAX_KIB = 2 * 1024 ** 2;
/** Packets may wait this long in the kernel's ring, and SIGINT does not fetch them. */
const RING_TIMEOUT_MS = 1_200;
const MAX_FINDINGS = 20;
const SLOW_SECONDS = 0.5;

/**
 * Starts dumpcap, which comes with tshark and needs no user to change to, on the test's tap. `stop` ends it and answers
 * with how many packets it missed.
 */
export async function startCapture(file: string, port: number): Promise<Capture> {
  const limits = ['-s', `${SNAPLEN}`, '-B', `${KERNEL_BUFFER_MIB}`, '-a', `filesize:${MAX_KIB}`];
  const child = spawn('dumpcap', ['-q', '-i', network.tap, '-f', `tcp port ${port}`, '-w', file, ...limits], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4096);
  });
  const deadline = Date.now() + START_LIMIT_MS;
  while (!said.includes('File: ')) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop(child, STOP_LIMIT_MS);
      throw new Error(`dumpcap does not start: ${said.trim()}`);
    }
    await sleep(50);
  }
  return {
    file,
    stop: async () => {
      await sleep(RING_TIMEOUT_MS);
      if (!(await stop(child, STOP_LIMIT_MS, 'SIGINT'))) throw new Error('dumpcap did not stop');
      const dropped = /received\/dropped on interface .*?: \d+\/(\d+)/.exec(said)?.[1];
      if (dropped === undefined) throw new Error(`dumpcap does not say what it missed: ${said.trim()}`);
      return Number(dropped);
    },
  };
}

const columns = [
  'frame.number',
  'frame.time_epoch',
  'frame.len',
  'rpc.msgtyp',
  'rpc.time',
  '_ws.col.Info',
  '_ws.malformed',
  '_ws.expert.severity',
  '_ws.expert.message',
  '_ws.expert.group',
] as const;

/** Severity "error" of Wireshark's expert items. */
const SEVERITY_ERROR = 8_388_608;

function analyse(file: string, port: number): { child: ChildProcess; lines: Readable } {
  const preferences = [
    'tcp.desegment_tcp_streams:TRUE',
    'tcp.reassemble_out_of_order:TRUE',
    'tcp.check_checksum:FALSE',
    'rpc.desegment_rpc_over_tcp:TRUE',
    'rpc.defragment_rpc_over_tcp:TRUE',
    'rpc.find_fragment_start:TRUE',
  ];
  const args = [
    '-n',
    '-r',
    file,
    '-d',
    `tcp.port==${port},rpc`,
    '-Y',
    'rpc || _ws.malformed || _ws.expert.severity == error',
  ];
  args.push(...preferences.flatMap((preference) => ['-o', preference]));
  args.push(
    '-T',
    'fields',
    '-E',
    'separator=/t',
    '-E',
    'aggregator=|',
    ...columns.flatMap((field) => ['-e', field]),
  );
  const child = spawn('nice', ['-n', '19', 'tshark', ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  return { child, lines: child.stdout };
}

/** Runs tshark over a capture and sums up what its decoder says of it. */
export async function examine(file: string, port: number, dropped: number): Promise<CaptureReport> {
  const { child, lines } = analyse(file, port);
  const limit = setTimeout(() => child.kill('SIGKILL'), ANALYSE_LIMIT_MS);
  const counts = { packets: 0, calls: 0, replies: 0, malformed: 0 };
  const findings: string[] = [];
  const slow: Array<{ from: number; seconds: number; what: string }> = [];
  let slowest = 0;
  for await (const line of createInterface({ input: lines })) {
    const [
      frame = '',
      epoch = '',
      ,
      kinds = '',
      times = '',
      what = '',
      bad = '',
      severities = '',
      messages = '',
    ] = line.split('\t');
    counts.packets++;
    for (const kind of kinds.split('|')) {
      if (kind === '0') counts.calls++;
      if (kind === '1') counts.replies++;
    }
    for (const time of times.split('|')) {
      const seconds = Number(time);
      slowest = Math.max(slowest, seconds);
      if (seconds > SLOW_SECONDS) slow.push({ from: Number(epoch) - seconds, seconds, what: what.trim() });
    }
    if (bad !== '' || severities.split('|').some((severity) => Number(severity) === SEVERITY_ERROR)) {
      counts.malformed++;
      if (findings.length < MAX_FINDINGS) findings.push(`frame ${frame}: ${messages || 'malformed'}`);
    }
  }
  await ended(child, STOP_LIMIT_MS);
  clearTimeout(limit);
  if (child.exitCode !== 0)
    throw new Error(`tshark ended with ${child.signalCode ?? `status ${child.exitCode}`}`);
  if (counts.replies === 0) throw new Error('tshark found no RPC reply in the capture');
  return { ...counts, bytes: statSync(file).size, dropped, findings, slow, slowest };
}
