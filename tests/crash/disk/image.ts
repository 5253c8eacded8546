import fs from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../trunking/random.ts';
import { Kind, type Note, readNotes } from './log.ts';
import { DiskFile, DiskFolder, type DiskNode, type FileChange } from './nodes.ts';

/** Shared memory of LMDB's processes: of no use to the next one, and not written by calls that could be noted. */
const NOT_KEPT = /\/lock\.mdb$|\.sock$/;

/** How much of what was not synced a loss of power leaves. */
interface Mood {
  readonly whole: number;
  readonly torn: number;
  /** Of a folder's changes, all, as a disk that was nearly done; otherwise a part from the first. */
  readonly names: number;
}

const MOODS: readonly Mood[] = [
  { whole: 0, torn: 0, names: 0 },
  { whole: 0.1, torn: 0.1, names: 0.1 },
  { whole: 0.4, torn: 0.3, names: 0.3 },
  { whole: 0.8, torn: 0.2, names: 0.8 },
  { whole: 1, torn: 0, names: 1 },
];

/**
 * A folder on a disk that keeps what was synced, and of the rest what it likes: of each file any of the writes, whole or in part, of
 * each folder the first few changes of names, without any order between files.
 */
export class DiskImage {
  #root = new DiskFolder();
  #byIno = new Map<number, DiskNode>();
  /** Of processes before the one whose log is taken up. */
  #notes = 0;

  /** Takes up what a process has done, in the order in which it did it. Answers how many notes there are. */
  replay(log: Buffer): number {
    this.#byIno = new Map();
    const before = this.#notes;
    for (const note of readNotes(log)) {
      this.#take({ ...note, number: before + note.number }, before);
      this.#notes++;
    }
    return this.#notes - before;
  }

  /** The power is gone. */
  cut(random: Random): void {
    const mood = random.pick(MOODS)!;
    const [folders, files] = this.#all();
    for (const folder of folders) {
      const all = folder.pending.length;
      folder.keep(random.chance(mood.names) ? all : random.below(all + 1));
    }
    for (const file of files) {
      for (const change of file.pending) {
        if (random.chance(mood.whole)) file.apply(change);
        else if (change.kind === 'write' && random.chance(mood.torn))
          file.applyTorn(change, () => random.chance(0.5));
      }
    }
    this.#root = restart(this.#root);
  }

  /** Everything reaches the disk. */
  finish(): void {
    this.#syncAll(Number.POSITIVE_INFINITY);
    this.#root = restart(this.#root);
  }

  /** Writes what is on the disk to a folder that is not there yet. */
  write(path: string): void {
    writeFolder(path, this.#root);
  }

  #take(note: Note, before: number): void {
    const { kind, name, ino, number } = note;
    if (NOT_KEPT.test(name)) return;
    switch (kind) {
      case Kind.OPEN:
        this.#byIno.set(ino, this.#find(name));
        return;
      case Kind.CREATE:
        this.#make(note, new DiskFile());
        return;
      case Kind.MKDIR:
        this.#make(note, new DiskFolder());
        return;
      case Kind.RENAME:
        this.#rename(note);
        return;
      case Kind.LINK:
        this.#rename(note, true);
        return;
      case Kind.UNLINK: {
        const [folder, last] = this.#place(name);
        folder.change(number, [[last, undefined]]);
        return;
      }
      case Kind.SYNC:
        this.#byIno.get(ino)?.sync(before + note.offset);
        return;
      case Kind.SYNC_ALL:
        this.#syncAll(before + note.offset);
        return;
      default:
        this.#change(note);
    }
  }

  #make({ name, ino, number }: Note, node: DiskNode): void {
    this.#byIno.set(ino, node);
    if (name === '') {
      this.#root = node as DiskFolder;
      return;
    }
    const [folder, last] = this.#place(name);
    folder.change(number, [[last, node]]);
  }

  #rename({ name, data, number }: Note, keepsName = false): void {
    const [folder, from] = this.#place(name);
    const [target, to] = this.#place(data.toString());
    if (folder !== target) throw new Error(`a rename to another folder is not modelled: ${name}`);
    const named = this.#find(name);
    folder.change(number, [
      [from, keepsName ? named : undefined],
      [to, named],
    ]);
  }

  #change(note: Note): void {
    const { ino, number, offset, length, data } = note;
    const file = this.#byIno.get(ino);
    // Of a file that is not kept.
    if (!(file instanceof DiskFile)) return;
    const kind = CHANGES.get(note.kind);
    if (kind === undefined) throw new Error(`a note of kind ${note.kind}`);
    const change: FileChange = { number, kind, offset, length, data };
    file.pending.push(change);
    if (kind !== 'write' || length === 0) return;
    // Synced by itself: others stay as unsure as they were, but for what lies below it.
    file.pending.pop();
    file.pending = file.pending.flatMap((other) => uncovered(other, change));
    file.apply(change);
  }

  #place(path: string): [folder: DiskFolder, name: string] {
    const at = path.lastIndexOf('/');
    const folder = this.#find(path.slice(0, at));
    if (!(folder instanceof DiskFolder)) throw new Error(`${path}: not in a folder`);
    return [folder, path.slice(at + 1)];
  }

  #find(path: string): DiskNode {
    let node: DiskNode | undefined = this.#root;
    for (const name of path.split('/').slice(1)) {
      node = node instanceof DiskFolder ? node.seen.get(name) : undefined;
    }
    if (node === undefined) throw new Error(`${path} was never noted`);
    return node;
  }

  #syncAll(before: number): void {
    const [folders, files] = this.#all();
    for (const node of [...folders, ...files]) node.sync(before);
  }

  /** Everything that is seen or kept. */
  #all(): [Set<DiskFolder>, Set<DiskFile>] {
    const folders = new Set<DiskFolder>();
    const files = new Set<DiskFile>();
    const visit = (node: DiskNode) => {
      if (node instanceof DiskFile) files.add(node);
      else if (!folders.has(node)) {
        folders.add(node);
        const pending = node.pending.flatMap(({ names }) => names.map(([, each]) => each));
        for (const each of [...node.seen.values(), ...node.kept.values(), ...pending]) {
          if (each !== undefined) visit(each);
        }
      }
    };
    visit(this.#root);
    return [folders, files];
  }
}

const CHANGES = new Map<number, FileChange['kind']>([
  [Kind.WRITE, 'write'],
  [Kind.TRUNCATE, 'size'],
  [Kind.PUNCH, 'punch'],
  [Kind.ALLOCATE, 'reserve'],
]);

/** What is left of a change where a later one lies over it for good. */
function uncovered(change: FileChange, over: FileChange): FileChange[] {
  if (change.kind !== 'write') return [change];
  const end = change.offset + change.data.length;
  const overEnd = over.offset + over.data.length;
  if (end <= over.offset || change.offset >= overEnd) return [change];
  const left: FileChange[] = [];
  if (change.offset < over.offset)
    left.push({ ...change, data: change.data.subarray(0, over.offset - change.offset) });
  if (end > overEnd)
    left.push({ ...change, offset: overEnd, data: change.data.subarray(overEnd - change.offset) });
  return left;
}

/** The folder as it is on the disk: that is what is seen from now on. `files` are those that were met, which may have several names. */
function restart(folder: DiskFolder, files = new Map<DiskFile, DiskFile>()): DiskFolder {
  const fresh = new DiskFolder();
  for (const [name, node] of folder.kept) {
    const next = node instanceof DiskFile ? again(node, files) : restart(node, files);
    fresh.kept.set(name, next);
    fresh.seen.set(name, next);
  }
  return fresh;
}

function again(file: DiskFile, files: Map<DiskFile, DiskFile>): DiskFile {
  const known = files.get(file) ?? new DiskFile(Buffer.from(file.bytes), file.size);
  files.set(file, known);
  return known;
}

function writeFolder(path: string, folder: DiskFolder, paths = new Map<DiskFile, string>()): void {
  fs.mkdirSync(path);
  for (const [name, node] of folder.kept) {
    const at = join(path, name);
    if (node instanceof DiskFolder) writeFolder(at, node, paths);
    else writeFile(at, node, paths);
  }
}

function writeFile(path: string, file: DiskFile, paths: Map<DiskFile, string>): void {
  const known = paths.get(file);
  if (known !== undefined) {
    fs.linkSync(known, path);
    return;
  }
  paths.set(file, path);
  fs.writeFileSync(path, file.bytes);
  if (file.size > file.bytes.length) fs.truncateSync(path, file.size);
}
