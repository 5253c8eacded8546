import { type AttributeChanges, FileType, type FsErrorCode } from '@dfs/nfs';

/** A file system in the plainest form, without permissions: what the real one is compared with. */
export interface ModelNode {
  readonly type: FileType;
  readonly entries: Map<string, ModelNode>;
  parent: ModelNode | undefined;
  content: Buffer;
  mode: number;
  names: number;
  readonly xattrs: Map<string, Buffer>;
}

export function modelNode(type: FileType, parent?: ModelNode): ModelNode {
  const isDirectory = type === FileType.DIRECTORY;
  return {
    type,
    entries: new Map(),
    parent: isDirectory ? parent : undefined,
    content: Buffer.alloc(0),
    mode: 0,
    names: 1,
    xattrs: new Map(),
  };
}

const isDirectory = (node: ModelNode): boolean => node.type === FileType.DIRECTORY;

export function linksOf(node: ModelNode): number {
  return isDirectory(node) ? 2 + [...node.entries.values()].filter(isDirectory).length : node.names;
}

type Outcome = FsErrorCode | undefined;

export function modelCreate(dir: ModelNode, name: string, node: ModelNode): Outcome {
  if (dir.entries.has(name)) return 'EEXIST';
  dir.entries.set(name, node);
  return undefined;
}

export function modelLink(node: ModelNode, dir: ModelNode, name: string): Outcome {
  if (isDirectory(node)) return 'EISDIR';
  if (dir.entries.has(name)) return 'EEXIST';
  node.names++;
  dir.entries.set(name, node);
  return undefined;
}

export function modelRemove(dir: ModelNode, name: string): Outcome {
  const victim = dir.entries.get(name);
  if (victim === undefined) return 'ENOENT';
  if (victim.entries.size > 0) return 'ENOTEMPTY';
  victim.names--;
  dir.entries.delete(name);
  return undefined;
}

export function modelRename(from: ModelNode, fromName: string, to: ModelNode, toName: string): Outcome {
  const source = from.entries.get(fromName);
  if (source === undefined) return 'ENOENT';
  const victim = to.entries.get(toName);
  if (victim === source) return undefined;
  if (isDirectory(source) && from !== to) {
    for (let above: ModelNode | undefined = to; above !== undefined; above = above.parent) {
      if (above === source) return 'EINVAL';
    }
  }
  if (victim !== undefined) {
    if (isDirectory(source) && !isDirectory(victim)) return 'ENOTDIR';
    if (!isDirectory(source) && isDirectory(victim)) return 'EISDIR';
    if (victim.entries.size > 0) return 'ENOTEMPTY';
    victim.names--;
  }
  from.entries.delete(fromName);
  to.entries.set(toName, source);
  if (isDirectory(source)) source.parent = to;
  return undefined;
}

export function modelWrite(node: ModelNode, offset: number, data: Buffer): void {
  if (offset + data.length > node.content.length) modelResize(node, offset + data.length);
  data.copy(node.content, offset);
}

export function modelResize(node: ModelNode, size: number): void {
  const content = Buffer.alloc(size);
  node.content.copy(content);
  node.content = content;
}

export function modelSet(node: ModelNode, changes: AttributeChanges): void {
  if (changes.mode !== undefined) node.mode = changes.mode;
}
