import {
  ANONYMOUS_STATEID,
  Attr,
  type FileAttributes,
  LockType,
  ops,
  READ_BYPASS_STATEID,
  Status,
} from '../../packages/nfs/src/client/index.ts';
import { FileType } from '../../packages/nfs/src/vfs/index.ts';
import { Caller } from './caller.ts';
import type { HeldOpen, Lane } from './lane.ts';
import { type FoundObject, type ObjectKind, readTags } from './model.ts';
import { LOCK_RANGES, lockRange } from './steps/opens.ts';
import type { World } from './world.ts';

const ATTRIBUTES = [
  Attr.TYPE,
  Attr.CHANGE,
  Attr.SIZE,
  Attr.FILEHANDLE,
  Attr.FILEID,
  Attr.MODE,
  Attr.NUMLINKS,
];
const READ_BYTES = 256 * 1024;
const KINDS = new Map<number, ObjectKind>([
  [FileType.DIRECTORY, 'directory'],
  [FileType.REGULAR, 'file'],
  [FileType.SYMLINK, 'link'],
]);

/** A client of its own that looks at what is there. */
export class Auditor extends Caller {
  constructor(world: World) {
    super(world, 'auditor');
  }

  /** All that lies below the folder. */
  async look(folder: Buffer): Promise<Map<string, FoundObject>> {
    const found = new Map<string, FoundObject>();
    await this.#lookIn(folder, '', found);
    return found;
  }

  async #lookIn(folder: Buffer, path: string, found: Map<string, FoundObject>): Promise<void> {
    const [, page] = await this.session.run([ops.putfh(folder), ops.readdir({ attributes: ATTRIBUTES })]);
    this.world.check(page.eof, 'a folder of a page');
    await Promise.all(
      page.entries.map(async ({ name, attributes }) => {
        const object = await this.#object(attributes);
        const at = path === '' ? name : `${path}/${name}`;
        found.set(at, object);
        if (object.kind === 'directory') await this.#lookIn(object.handle, at, found);
      }),
    );
  }

  async #object(attributes: FileAttributes): Promise<FoundObject> {
    const { type = 0, change = 0n, size = 0n, filehandle = Buffer.alloc(0) } = attributes;
    const kind = KINDS.get(type);
    if (kind === undefined) throw this.world.violation(`an object of type ${type}`);
    const { fileid = 0n, mode = 0, numlinks = 0 } = attributes;
    const plain = { kind, mode, links: numlinks, fileid, change, handle: filehandle, size: Number(size) };
    if (kind === 'directory') return { ...plain, tags: [], target: '' };
    if (kind === 'link') {
      const [, target] = await this.session.run([ops.putfh(filehandle), ops.readlink()]);
      return { ...plain, tags: [], target: target.toString() };
    }
    const read = ops.read(READ_BYPASS_STATEID, 0, READ_BYTES);
    const [, { data }] = await this.session.run([ops.putfh(filehandle), read]);
    this.world.check(data.length === plain.size, `READ has ${data.length} of ${plain.size} bytes`);
    return { ...plain, tags: readTags(data), target: '' };
  }

  /** Every range that the lane has locked is locked for others, and another one is not. */
  async probeLocks(lane: Lane, open: HeldOpen): Promise<void> {
    const owner = { clientId: this.client.clientId, owner: Buffer.from('probe') };
    const handle = lane.handles.get(open.id)!;
    const all = Array.from({ length: LOCK_RANGES }, (_, index) => index);
    const free = all.find((index) => !open.held.has(index));
    for (const index of free === undefined ? all : [...open.held, free]) {
      const { offset, length } = lockRange(index);
      const test = ops.lockt(LockType.WRITE, offset, length, owner);
      const reply = await this.session.compound([ops.putfh(handle), test]);
      const expected = open.held.has(index) ? Status.DENIED : Status.OK;
      this.world.check(
        reply.status === expected,
        `${lane.name}: range ${index} of object ${open.id}: LOCKT answered ${reply.status}, not ${expected}`,
      );
    }
  }

  /** Whoever denies others to write still does. */
  async probeDeny(lane: Lane, open: HeldOpen): Promise<void> {
    const write = ops.write(ANONYMOUS_STATEID, 0, Buffer.alloc(0));
    const reply = await this.session.compound([ops.putfh(lane.handles.get(open.id)!), write]);
    this.world.check(
      reply.status === Status.LOCKED,
      `${lane.name}: object ${open.id} is open with DENY_WRITE, another's write answered ${reply.status}`,
    );
  }
}
