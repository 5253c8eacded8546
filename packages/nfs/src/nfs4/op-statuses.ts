import { CbOp, Op, Status } from './constants/index.ts';
import { CALLBACK_TABLE, OPERATION_TABLE, STATUS_GROUPS } from './op-status-table.ts';

type StatusName = keyof typeof Status;

/**
 * What the tables of the RFCs leave out, though their text (or the nature of a session) asks for it.
 */
const ADDITIONS = `
# §2.10.6.4: any reply can outgrow its slot; and where a fault is answered with SERVERFAULT, no operation is without faults.
GETFH: $SLOT SERVERFAULT
BACKCHANNEL_CTL: SERVERFAULT
LOCKT: SERVERFAULT
SEQUENCE: SERVERFAULT
SET_SSV: SERVERFAULT
# §2.10.8.3: a server need not have SSV; the table names only what one that has it answers.
SET_SSV: NOTSUPP
SAVEFH: DELAY
RESTOREFH: DELAY
IO_ADVISE: $SLOT
OFFLOAD_CANCEL: $SLOT
OFFLOAD_STATUS: $SLOT
# The whole request can be wrong before an operation that is not there is looked at.
OPEN_CONFIRM: $SLOT
RELEASE_LOCKOWNER: $SLOT
RENEW: $SLOT
SETCLIENTID: $SLOT
SETCLIENTID_CONFIRM: $SLOT
ILLEGAL: $SLOT
# §18.35.4, case 9: another principal updates the record.
EXCHANGE_ID: PERM
# RFC 7862 §15.11.3: at or behind the end of the file.
SEEK: NXIO
# RFC 7862 §15.2.2: an arm of COPY4res; §13: an OPTIONAL operation may be absent.
COPY: OFFLOAD_NO_REQS NOTSUPP
COPY_NOTIFY: NOTSUPP
`;

/** Where an operation may not answer with the first status, the nearest in meaning that it may, in order. */
const NEAREST: Partial<Record<StatusName, readonly StatusName[]>> = {
  PERM: ['ACCESS'],
  NOENT: ['STALE'],
  NXIO: ['INVAL'],
  EXIST: ['INVAL'],
  XDEV: ['INVAL'],
  NOTDIR: ['WRONG_TYPE', 'INVAL'],
  ISDIR: ['WRONG_TYPE', 'EXIST', 'INVAL'],
  SYMLINK: ['NOTDIR', 'WRONG_TYPE', 'INVAL'],
  WRONG_TYPE: ['INVAL'],
  FBIG: ['INVAL'],
  NOSPC: ['DQUOT', 'IO'],
  DQUOT: ['NOSPC', 'IO'],
  ROFS: ['ACCESS'],
  MLINK: ['NOSPC'],
  NAMETOOLONG: ['INVAL'],
  BADCHAR: ['INVAL'],
  BADNAME: ['INVAL'],
  NOTEMPTY: ['EXIST'],
  BADHANDLE: ['STALE'],
  NOTSUPP: ['INVAL'],
  TOOSMALL: ['INVAL'],
  XATTR2BIG: ['INVAL'],
  IO: ['SERVERFAULT'],
};

function isStatusName(word: string): word is StatusName {
  return Object.hasOwn(Status, word);
}

function expand(words: readonly string[]): Status[] {
  return words.flatMap((word) => {
    if (word.startsWith('$')) return expand((STATUS_GROUPS[word.slice(1)] ?? word).split(' '));
    if (!isStatusName(word)) throw new RangeError(`${word} is no status`);
    return [Status[word]];
  });
}

/** Reads "OPERATION: STATUS STATUS ..." lines; a line that starts with a blank goes on with the last, one with "#" is a comment. */
function parse(table: string, numbers: Readonly<Record<string, number>>): Map<number, Set<Status>> {
  const parsed = new Map<number, Set<Status>>();
  for (const line of table.replaceAll('\n  ', ' ').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [name = '', words = ''] = line.split(': ');
    const number = numbers[name];
    if (number === undefined) throw new RangeError(`${name} is no operation`);
    parsed.set(number, new Set(expand(words.split(' '))));
  }
  return parsed;
}

function merge(table: Map<number, Set<Status>>, additions: Map<number, Set<Status>>): typeof table {
  for (const [op, statuses] of additions) {
    for (const status of statuses) table.get(op)?.add(status);
  }
  return table;
}

/** Operations that have no success (RFC 8881 §15.2). */
const NEVER_OK: ReadonlySet<number> = new Set([
  Op.ILLEGAL,
  Op.OPEN_CONFIRM,
  Op.RELEASE_LOCKOWNER,
  Op.RENEW,
  Op.SETCLIENTID,
  Op.SETCLIENTID_CONFIRM,
]);

const LISTED = merge(parse(OPERATION_TABLE, Op), parse(ADDITIONS, Op));
const CALLBACK_LISTED = parse(CALLBACK_TABLE, CbOp);

function lists(table: Map<number, Set<Status>>): Readonly<Record<number, readonly Status[]>> {
  return Object.freeze(Object.fromEntries([...table].map(([op, set]) => [op, Object.freeze([...set])])));
}

/** The errors that each operation may answer with; NFS4_OK is not among them. */
export const OP_STATUSES: Readonly<Record<number, readonly Status[]>> = lists(LISTED);
/** The same of callback operations, by their own numbers ({@link CbOp}). */
export const CB_OP_STATUSES: Readonly<Record<number, readonly Status[]>> = lists(CALLBACK_LISTED);

/** May the operation answer with the status? */
export function isListed(op: number, status: Status): boolean {
  if (status === Status.OK) return !NEVER_OK.has(op);
  return LISTED.get(op)?.has(status) ?? false;
}

/** May the callback operation answer with the status? */
export function isCallbackListed(op: number, status: Status): boolean {
  if (status === Status.OK) return op !== CbOp.ILLEGAL;
  return CALLBACK_LISTED.get(op)?.has(status) ?? false;
}

const NAME_OF = new Map<Status, StatusName>(
  Object.entries(Status).flatMap(([name, status]) => (isStatusName(name) ? [[status, name]] : [])),
);

/**
 * The status itself where the operation may answer with it, else the nearest in meaning that it may (EPERM of a file system becomes
 * NFS4ERR_ACCESS of REMOVE); undefined where there is none: the status is then a fault of ours.
 */
export function listedStatus(op: number, status: Status): Status | undefined {
  if (isListed(op, status)) return status;
  const name = NAME_OF.get(status);
  const nearest = name === undefined ? undefined : NEAREST[name];
  const found = nearest?.find((candidate) => isListed(op, Status[candidate]));
  return found === undefined ? undefined : Status[found];
}
