/** What a change has survived once it is answered: the end of the process, or a loss of power. */
export type Grade = 'power' | 'crash';

/** One workload of `nfsload`, and what is asked of it. */
export interface Row {
  readonly name: string;
  readonly workload: string;
  readonly args: readonly string[];
  /** Undefined where nothing is changed that would have to be kept. */
  readonly grade?: Grade;
  /** The grade that NFS-Ganesha gives, by which it is compared: it leaves metadata to the kernel's page cache. */
  readonly peerGrade?: Grade;
  /** Requests that are under way at once. */
  readonly inflight: number;
  /** How many times better than Ganesha the row is to be, in operations a second and in CPU; see the project's issue 5. */
  readonly aim?: number;
  /** For rows of large transfers: times the MB/s, and the share of the CPU for a GiB. */
  readonly transferAim?: { readonly rate: number; readonly cpu: number };
}

const INFLIGHT = 32;
/** A megabyte each: 16 fill the socket buffers. */
const LARGE_INFLIGHT = 16;
const LARGE = ['--io-size', '1M', '--files', '4', '--file-size', '64M', '--pattern', 'seq'];
const LARGE_AIM = { rate: 1.3, cpu: 0.7 };

function row(name: string, workload: string, args: readonly string[], rest: Partial<Row> = {}): Row {
  return { name, workload, args, inflight: INFLIGHT, ...rest };
}

/** Rows that change metadata: once as dfs does it by default, once as the peer does. */
function changing(name: string, args: readonly string[], aim: number): Row[] {
  return [
    row(name, name, args, { grade: 'power', peerGrade: 'crash' }),
    row(`${name}/crash`, name, args, { grade: 'crash', peerGrade: 'crash', aim }),
  ];
}

export const ROWS: readonly Row[] = [
  row('null', 'null', [], { aim: 5 }),
  row('sequence', 'sequence', [], { aim: 5 }),
  row('getattr', 'getattr', [], { aim: 5 }),
  row('lookup', 'lookup', [], { aim: 5 }),
  row('access', 'access', [], { aim: 5 }),
  row('open-close', 'open-close', [], { aim: 4 }),
  row('lock', 'lock', [], { aim: 4 }),
  row('readdir', 'readdir', [], { aim: 4 }),
  row('read-4k', 'read', ['--io-size', '4k'], { aim: 4 }),
  row('read-64k', 'read', ['--io-size', '64k']),
  row('read-1M', 'read', LARGE, { inflight: LARGE_INFLIGHT, transferAim: LARGE_AIM }),
  row('write-4k', 'write', ['--io-size', '4k'], { aim: 2 }),
  row('write-64k', 'write', ['--io-size', '64k']),
  row('write-1M', 'write', LARGE, { inflight: LARGE_INFLIGHT, transferAim: LARGE_AIM }),
  row('write-sync-4k', 'write-sync', ['--io-size', '4k'], { grade: 'power', peerGrade: 'power' }),
  row('write-sync-4k/crash', 'write-sync', ['--io-size', '4k'], {
    grade: 'crash',
    peerGrade: 'power',
    aim: 2,
  }),
  ...changing('setattr', [], 4),
  ...changing('create-remove', [], 2),
  ...changing('rename', [], 2),
  ...changing('mkdir-rmdir', [], 2),
  row('mixed', 'mixed', [], { grade: 'power', peerGrade: 'crash' }),
  row('mixed/crash', 'mixed', [], { grade: 'crash', peerGrade: 'crash', aim: 3 }),
];

/** The rows that the names, or beginnings of names, mean. */
export function chooseRows(names: readonly string[]): Row[] {
  if (names.length === 0) return [...ROWS];
  return ROWS.filter((r) => names.some((name) => r.name === name || r.name.startsWith(name)));
}
