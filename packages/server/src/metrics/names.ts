import { statusName as nameOfStatus, Op } from '@dfs/nfs/client';

const OPERATIONS = new Map<number, string>(Object.entries(Op).map(([name, number]) => [number, name]));

/** "READDIR"; of a number that is no operation, the number. */
export function operationName(op: number): string {
  return OPERATIONS.get(op) ?? String(op);
}

/** "NFS4_OK". */
export function statusName(status: number): string {
  return nameOfStatus(status);
}
