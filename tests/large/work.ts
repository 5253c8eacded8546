import {
  type ClientOp,
  CreateMode,
  CURRENT_STATEID,
  OpenClaim,
  OpenWant,
  ops,
  ShareAccess,
} from '../../packages/nfs/src/client/index.ts';
import { FileType } from '../../packages/nfs/src/vfs/index.ts';
import type { Daemon } from './daemon.ts';

/** COMPOUNDs under way at a time, and objects in one. */
const AT_ONCE = 24;
export const EACH = 20;

export const nameOf = (i: number): string => `entry-${i.toString(36)}`;

/** Runs `work` for the numbers below `count`, so many at a time; `EACH` of them in one COMPOUND. */
export async function forAll(
  daemon: Daemon,
  count: number,
  work: (i: number) => readonly ClientOp[],
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const first = next;
      next = Math.min(count, first + EACH);
      const list = Array.from({ length: next - first }, (_, i) => work(first + i)).flat();
      await daemon.session.run(list);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Microseconds of the server's CPU for each of `count`. */
export async function cpuOf(daemon: Daemon, count: number, work: () => Promise<unknown>): Promise<number> {
  const before = daemon.cpu();
  await work();
  return (daemon.cpu() - before) / count;
}

export function makeFile(daemon: Daemon, dir: Buffer, name: string): readonly ClientOp[] {
  const owner = { clientId: daemon.session.client.clientId, owner: Buffer.from('large') };
  return [
    ops.putfh(dir),
    ops.open({
      access: ShareAccess.READ | OpenWant.NO_DELEG,
      owner,
      create: { mode: CreateMode.GUARDED, attributes: { mode: 0o644 } },
      claim: { claim: OpenClaim.NULL, name },
    }),
    ops.close(CURRENT_STATEID),
  ];
}

export function makeDirectory(dir: Buffer, name: string): readonly ClientOp[] {
  return [ops.putfh(dir), ops.create({ type: FileType.DIRECTORY }, name, { mode: 0o755 })];
}

export function removeName(dir: Buffer, name: string): readonly ClientOp[] {
  return [ops.putfh(dir), ops.remove(name)];
}

export async function newDirectory(daemon: Daemon, dir: Buffer, name: string): Promise<Buffer> {
  const [, , handle] = await daemon.session.run([
    ops.putfh(dir),
    ops.create({ type: FileType.DIRECTORY }, name, { mode: 0o755 }),
    ops.getfh(),
  ]);
  return handle;
}

/** Lists a whole directory page by page. */
export async function listAll(
  daemon: Daemon,
  dir: Buffer,
  attributes: readonly number[],
  each: (name: string, page: number) => void,
): Promise<void> {
  let cookie = 0n;
  for (let page = 0; ; page++) {
    const [, { entries, eof }] = await daemon.session.run([
      ops.putfh(dir),
      ops.readdir({ cookie, attributes }),
    ]);
    for (const entry of entries) each(entry.name, page);
    if (eof) return;
    cookie = entries.at(-1)?.cookie ?? cookie;
  }
}
