import { type Paint, plural, showCount, showSize } from '@dfs/api/terminal';
import type { TopNode } from './meter.ts';
import type { SampleConnection } from './sample.ts';
import { sparkline } from './sparkline.ts';
import { fit, plain } from './text.ts';

export interface ColumnOptions {
  readonly ascii: boolean;
}

/** A column beside the name, at the same place in every row. */
export interface Column {
  readonly title: string;
  readonly width: number;
  readonly align: 'left' | 'right';
  /** Columns of the highest number go first where the terminal is narrow. */
  readonly dispensable: number;
  text(node: TopNode, options: ColumnOptions): string;
  style?(node: TopNode): Parameters<Paint>[0] | undefined;
}

const GAP = 2;
const MIN_NAME = 26;
const TEN = 10;
/** Characters of a session's id that tell it from others: they begin alike. */
const ID_END = 8;

export const COLUMNS: readonly Column[] = [
  { title: 'STATE', width: 9, align: 'left', dispensable: 3, text: stateText, style: stateStyle },
  { title: 'CONNECTIONS', width: 15, align: 'left', dispensable: 2, text: connectionsText },
  {
    title: 'REQ/S',
    width: 7,
    align: 'right',
    dispensable: 0,
    text: (node) => showRate(node.rates.requests),
    style: (node) => (node.rates.requests > 0 ? 'bold' : 'dim'),
  },
  {
    title: 'IN/S',
    width: 9,
    align: 'right',
    dispensable: 1,
    text: (node) => showBytesRate(node.rates.bytesIn),
  },
  {
    title: 'OUT/S',
    width: 9,
    align: 'right',
    dispensable: 1,
    text: (node) => showBytesRate(node.rates.bytesOut),
  },
  { title: 'REQUESTS', width: 11, align: 'right', dispensable: 5, text: (node) => showCount(node.requests) },
  {
    title: 'REQ/S OVER TIME',
    width: 20,
    align: 'left',
    dispensable: 4,
    text: (node, { ascii }) => sparkline(node.history, 20, ascii),
    style: () => 'cyan',
  },
];

/** The columns that a terminal of this width has room for, and what is left for the name. */
export function layout(width: number): { readonly columns: readonly Column[]; readonly nameWidth: number } {
  let columns = COLUMNS;
  const taken = () => columns.reduce((all, column) => all + column.width + GAP, 0);
  while (columns.length > 1 && width - taken() < MIN_NAME) {
    const least = Math.max(...columns.map((column) => column.dispensable));
    columns = columns.filter((column) => column.dispensable !== least);
  }
  return { columns, nameWidth: Math.max(1, width - taken()) };
}

export const COLUMN_GAP: string = ' '.repeat(GAP);

export function headCell(column: Column): string {
  return fit(column.title, column.width, column.align);
}

export function nameOf(node: TopNode): string {
  switch (node.level) {
    case 'client':
      return `${plain(node.client.address)}  ${plain(node.client.owner)}`;
    case 'session':
      return `session …${plain(node.session.id.slice(-ID_END))}`;
    case 'connection':
      return `#${node.connection.id}  ${plain(node.connection.remote)}`;
  }
}

/** "8 (6f 0b 2fb)": all, and how many of them are fore only, back only and both. */
export function showSummary(connections: readonly Pick<SampleConnection, 'direction'>[]): string {
  const count = (direction: string) => connections.filter((c) => c.direction === direction).length;
  return `${connections.length} (${count('fore')}f ${count('back')}b ${count('both')}fb)`;
}

function connectionsText(node: TopNode): string {
  switch (node.level) {
    case 'client':
      return `${node.connections.length} in ${plural(node.children.length, 'session')}`;
    case 'session':
      return showSummary(node.session.connections);
    case 'connection':
      return node.connection.direction;
  }
}

function stateText(node: TopNode): string {
  switch (node.level) {
    case 'client':
      return node.client.state;
    case 'session':
      return node.session.backChannel === 'down' ? 'cb down' : '';
    case 'connection':
      return node.connection.draining ? 'draining' : '';
  }
}

function stateStyle(node: TopNode): Parameters<Paint>[0] | undefined {
  switch (node.level) {
    case 'client':
      return node.client.state === 'active' ? 'green' : 'yellow';
    case 'session':
      return 'red';
    case 'connection':
      return 'yellow';
  }
}

/** One digit behind the point where there is little: less than one in a second is not nothing. */
export function showRate(rate: number): string {
  if (rate === 0) return '0';
  return rate < TEN ? rate.toFixed(1) : showCount(Math.round(rate));
}

export function showBytesRate(rate: number): string {
  return rate === 0 ? '0' : showSize(Math.round(rate));
}
