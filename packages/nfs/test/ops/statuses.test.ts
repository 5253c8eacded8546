import { describe, expect, it } from 'vitest';
import { CbOp, Op, opName, Status } from '../../src/nfs4/constants/index.ts';
import {
  CB_OP_STATUSES,
  isCallbackListed,
  isListed,
  listedStatus,
  OP_STATUSES,
} from '../../src/nfs4/op-statuses.ts';
import { OPERATIONS } from '../../src/nfs4/ops/index.ts';

const fore = Object.entries(Op).filter(([name]) => !name.startsWith('CB_'));

describe('the table of statuses', () => {
  it.each(fore)('has %s', (_, op) => {
    expect(OP_STATUSES[op]!.length).toBeGreaterThan(0);
    expect(OP_STATUSES[op]).not.toContain(Status.OK);
  });

  it.each(Object.entries(CbOp))('has the callback %s', (_, op) => {
    expect(CB_OP_STATUSES[op]!.length).toBeGreaterThan(1);
    expect(isCallbackListed(op, Status.BADXDR)).toBe(true);
  });

  // Picked from RFC 8881 §15.2 by hand: on either side of each line between neighbours.
  it.each([
    [Op.ACCESS, Status.ACCESS, true],
    [Op.ACCESS, Status.PERM, false],
    [Op.CLOSE, Status.LOCKS_HELD, true],
    [Op.CLOSE, Status.IO, false],
    [Op.COMMIT, Status.BAD_STATEID, false],
    [Op.CREATE, Status.BADTYPE, true],
    [Op.CREATE, Status.NOENT, false],
    [Op.EXCHANGE_ID, Status.STALE_CLIENTID, false],
    [Op.GETATTR, Status.ATTRNOTSUPP, false],
    [Op.GETATTR, Status.WRONG_TYPE, true],
    [Op.GETFH, Status.STALE, true],
    [Op.LINK, Status.PERM, false],
    [Op.LINK, Status.SYMLINK, true],
    [Op.LOCK, Status.DEADLOCK, true],
    [Op.LOCKT, Status.DEADLOCK, false],
    [Op.LOOKUP, Status.SYMLINK, true],
    [Op.LOOKUPP, Status.INVAL, false],
    [Op.OPEN, Status.SHARE_DENIED, true],
    [Op.OPEN, Status.NOTSUPP, false],
    [Op.PUTFH, Status.ACCESS, false],
    [Op.PUTFH, Status.BADHANDLE, true],
    [Op.READDIR, Status.NOT_SAME, true],
    [Op.READDIR, Status.SYMLINK, false],
    [Op.READLINK, Status.BADXDR, false],
    [Op.REMOVE, Status.NOSPC, false],
    [Op.RENAME, Status.ISDIR, false],
    [Op.RENAME, Status.XDEV, true],
    [Op.SEQUENCE, Status.BADSLOT, true],
    [Op.SEQUENCE, Status.OP_NOT_IN_SESSION, false],
    [Op.SETATTR, Status.ISDIR, false],
    [Op.SETATTR, Status.UNKNOWN_LAYOUTTYPE, true],
    [Op.WRITE, Status.ROFS, true],
    [Op.READ, Status.ROFS, false],
    [Op.ALLOCATE, Status.NOSPC, true],
    [Op.DEALLOCATE, Status.NOSPC, false],
    [Op.CLONE, Status.XDEV, true],
    [Op.COPY, Status.XDEV, false],
    [Op.SEEK, Status.NXIO, true],
    [Op.SEEK, Status.UNION_NOTSUPP, true],
    [Op.GETXATTR, Status.NOXATTR, true],
    [Op.RENEW, Status.OK, false],
    [Op.ILLEGAL, Status.OK, false],
    [Op.READ, Status.OK, true],
  ] as const)('%i may answer %i: %s', (op, status, listed) => {
    expect(isListed(op, status)).toBe(listed);
  });

  it('lists no status that the RFC has made obsolete (§15.1.16)', () => {
    const obsolete = [
      Status.BAD_SEQID,
      Status.LEASE_MOVED,
      Status.RESTOREFH,
      Status.STALE_STATEID,
      Status.RESOURCE,
    ];
    for (const [op, statuses] of Object.entries(OP_STATUSES)) {
      for (const status of obsolete) expect(statuses, opName(Number(op))).not.toContain(status);
    }
  });

  it('lets every operation tell of a reply that is too big and of a fault', () => {
    for (const op of OPERATIONS.keys()) {
      expect(isListed(op, Status.REP_TOO_BIG), opName(op)).toBe(true);
      const absent = OP_STATUSES[op]!.includes(Status.NOTSUPP);
      expect(isListed(op, Status.SERVERFAULT) || absent, opName(op)).toBe(true);
    }
  });

  it('finds the nearest status, which is listed', () => {
    expect(listedStatus(Op.REMOVE, Status.PERM)).toBe(Status.ACCESS);
    expect(listedStatus(Op.LINK, Status.PERM)).toBe(Status.ACCESS);
    expect(listedStatus(Op.SETATTR, Status.PERM)).toBe(Status.PERM);
    expect(listedStatus(Op.RENAME, Status.ISDIR)).toBe(Status.EXIST);
    expect(listedStatus(Op.READDIR, Status.SYMLINK)).toBe(Status.NOTDIR);
    expect(listedStatus(Op.GETXATTR, Status.ISDIR)).toBe(Status.WRONG_TYPE);
    expect(listedStatus(Op.GETFH, Status.LOCKED)).toBeUndefined();
    for (const op of Object.keys(OP_STATUSES).map(Number)) {
      for (const status of Object.values(Status)) {
        const found = listedStatus(op, status);
        if (found !== undefined) expect(isListed(op, found)).toBe(true);
      }
    }
  });

  it('knows every operation that it lists as an operation of dfs', () => {
    const known = new Set([...OPERATIONS.keys(), Op.ILLEGAL]);
    expect([...known].sort((a, b) => a - b)).toEqual(
      Object.keys(OP_STATUSES)
        .map(Number)
        .sort((a, b) => a - b),
    );
  });
});
