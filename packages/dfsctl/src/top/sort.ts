import type { TopNode } from './meter.ts';

export type SortKey = 'requests' | 'in' | 'out' | 'connections' | 'name';

const SORTS: readonly SortKey[] = ['requests', 'in', 'out', 'connections', 'name'];

export const SORT_NAMES: Readonly<Record<SortKey, string>> = {
  requests: 'requests/s',
  in: 'bytes in/s',
  out: 'bytes out/s',
  connections: 'connections',
  name: 'name',
};

export function nextSort(sort: SortKey): SortKey {
  return SORTS[(SORTS.indexOf(sort) + 1) % SORTS.length] ?? 'requests';
}

/** The most first; equals by name, so that rows stay where they are while nothing happens. */
export function compareNodes(sort: SortKey): (a: TopNode, b: TopNode) => number {
  return (a, b) => weight(b, sort) - weight(a, sort) || compareNames(a, b);
}

function weight(node: TopNode, sort: SortKey): number {
  switch (sort) {
    case 'requests':
      return node.rates.requests;
    case 'in':
      return node.rates.bytesIn;
    case 'out':
      return node.rates.bytesOut;
    case 'connections':
      return connectionCount(node);
    case 'name':
      return 0;
  }
}

export function connectionCount(node: TopNode): number {
  switch (node.level) {
    case 'client':
      return node.connections.length;
    case 'session':
      return node.children.length;
    case 'connection':
      return 1;
  }
}

function compareNames(a: TopNode, b: TopNode): number {
  if (a.level === 'connection' && b.level === 'connection') return a.connection.id - b.connection.id;
  if (a.level === 'client' && b.level === 'client')
    return compareTexts(a.client.address, b.client.address) || compareTexts(a.key, b.key);
  return compareTexts(a.key, b.key);
}

/** By code unit: the same everywhere, and quick with thousands of rows. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
