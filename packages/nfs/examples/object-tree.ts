// Serves a JavaScript object over NFS: objects are directories, everything else is a file with its text.
import { createNfsServer, FileType, FsError, ReadOnlyFileSystem } from '@dfs/nfs';

interface Entry {
  readonly id: number;
  readonly up: Entry | undefined;
  readonly text: Buffer;
  readonly children: Map<string, Entry> | undefined;
}

class ObjectTree extends ReadOnlyFileSystem<Entry> {
  readonly #entries: Entry[] = [];

  add(value: unknown, up?: Entry): Entry {
    const inner = typeof value === 'object' ? Object.entries(value ?? {}) : undefined;
    const children = inner && new Map<string, Entry>();
    const entry = {
      id: this.#entries.length + 1,
      up,
      text: Buffer.from(inner ? '' : String(value)),
      children,
    };
    this.#entries.push(entry);
    for (const [name, below] of inner ?? []) children?.set(name, this.add(below, entry));
    return entry;
  }

  root = () => this.#entries[0]!;
  parent = (entry: Entry) => entry.up!;
  children = (entry: Entry) => entry.children ?? new Map<string, Entry>();
  read = (entry: Entry, offset: number, target: Buffer) => entry.text.copy(target, 0, offset);
  handle = (entry: Entry) => Buffer.from(String(entry.id));
  resolve(handle: Buffer) {
    const entry = this.#entries[Number(handle.toString()) - 1];
    if (entry === undefined) throw new FsError('ESTALE');
    return entry;
  }
  attributes({ id, text, children }: Entry) {
    const type = children ? FileType.DIRECTORY : FileType.REGULAR;
    return this.describe({ type, fileid: id, size: text.length });
  }
}

const fileSystem = new ObjectTree();
fileSystem.add({
  'hello.txt': 'Hello from a JavaScript object.\n',
  numbers: { answer: 42, dozen: 12 },
  poems: {
    basho: { 'pond.txt': 'An old silent pond,\na frog jumps into the pond:\nsplash, silence again.\n' },
  },
});
const server = await createNfsServer({ shares: [{ id: 1, path: '/objects', fileSystem }] });
const { port } = await server.listen({ host: '127.0.0.1', port: Number(process.argv[2] ?? 12049) });
console.log(`sudo mount -t nfs -o vers=4.2,port=${port} 127.0.0.1:/objects /mnt`);
