import { type Paint, plural, showDuration } from '@dfs/api/terminal';
import { COLUMN_GAP, headCell, layout, nameOf, showBytesRate, showRate, showSummary } from './columns.ts';
import { deedQuestion } from './deeds.ts';
import { TOP_LIMITS } from './limits.ts';
import type { TopNode } from './meter.ts';
import { SORT_NAMES } from './sort.ts';
import { sparkline } from './sparkline.ts';
import { bodyHeight, type Note, type TopState, type VisibleRow, visibleRows } from './state.ts';
import { asciiOnly, fit, line, type Piece, plain } from './text.ts';

export interface RenderOptions {
  /** Where the server is, for the title. */
  readonly where: string;
  readonly paint: Paint;
  /** For terminals that have no other characters. */
  readonly ascii: boolean;
}

const MS = 1000;
const TOTAL_BARS = 30;

const HELP: readonly (readonly [string, string])[] = [
  ['up, down, j, k', 'go to another row'],
  ['page up, page down, home, end', 'go further'],
  ['enter, right, left', 'unfold and fold clients and sessions'],
  ['a', 'unfold everything, or fold it'],
  ['s', 'sort by requests, bytes in, bytes out, connections or name'],
  ['d', 'drain: what is in flight is answered, then the connections are closed'],
  ['e', 'evict a client with all it holds, or end a session'],
  ['space', 'pause, go on'],
  ['?', 'this help'],
  ['q, ctrl-c', 'quit'],
];

/** The screen: as many lines as the terminal has rows, none wider than it is. The same state gives the same lines. */
export function renderTop(state: TopState, options: RenderOptions): string[] {
  const width = Math.min(state.size.columns, TOP_LIMITS.maxColumns);
  const height = Math.min(state.size.rows, TOP_LIMITS.maxRows);
  const sign = (text: string) => (options.ascii ? asciiOnly(text) : text);
  const show = (pieces: readonly Piece[]) =>
    line(
      pieces.map((piece) => ({ ...piece, text: sign(piece.text) })),
      width,
      options.paint,
    );
  const tooSmall = width < TOP_LIMITS.minColumns || height < TOP_LIMITS.minRows;
  const lines = tooSmall
    ? [show([{ text: `dfsctl top needs ${TOP_LIMITS.minColumns}x${TOP_LIMITS.minRows}` }])]
    : [
        ...header(state, options, width).map(show),
        ...(state.help ? helpBody(state) : body(state, options, width)).map(show),
        ...footer(state).map(show),
      ];
  return [...lines, ...Array.from({ length: Math.max(0, height - lines.length) }, () => '')].slice(0, height);
}

function header(state: TopState, { where, ascii }: RenderOptions, width: number): Piece[][] {
  const { measurement } = state;
  const head = tableHead(state, width);
  if (measurement === undefined) {
    return [[{ text: 'dfs', style: 'bold' }, { text: `  ${plain(where)}` }], [], [], [], head];
  }
  const { sample, rates, history } = measurement;
  const sessions = sample.clients.reduce((all, client) => all + client.sessions.length, 0);
  const counts = [
    plural(sample.clients.length, 'client'),
    plural(sessions, 'session'),
    plural(measurement.connections, 'connection'),
  ];
  return [
    [
      { text: `dfs ${plain(sample.version)}`, style: 'bold' },
      { text: `  ${sample.state}`, style: sample.state === 'ready' ? 'green' : 'yellow' },
      { text: `  up ${showDuration(sample.uptimeSeconds)}` },
      { text: `  ${plain(where)}`, style: 'dim' },
    ],
    [
      { text: counts.join('  ') },
      { text: `   sorted by ${SORT_NAMES[state.sort]}`, style: 'dim' },
      { text: state.paused ? '   paused' : '', style: 'yellow' },
    ],
    [
      { text: fit(showRate(rates.requests), 7, 'right'), style: 'bold' },
      { text: ' requests/s  ' },
      { text: `${showBytesRate(rates.bytesIn)}/s in  ${showBytesRate(rates.bytesOut)}/s out  ` },
      { text: sparkline(history, TOTAL_BARS, ascii).trimStart(), style: 'cyan' },
    ],
    [],
    head,
  ];
}

function tableHead(_state: TopState, width: number): Piece[] {
  const { columns, nameWidth } = layout(width);
  const cells = columns.map((column) => COLUMN_GAP + headCell(column));
  return [{ text: fit('    CLIENT, SESSION, CONNECTION', nameWidth) + cells.join(''), style: 'dim' }];
}

function body(state: TopState, options: RenderOptions, width: number): Piece[][] {
  const height = bodyHeight(state.size);
  const rows = visibleRows(state).slice(state.offset, state.offset + height);
  const shown = rows.map((row) => rowPieces(row, row.node.key === state.selected, options, width));
  if (rows.length === 0 && state.measurement !== undefined) {
    shown.push([{ text: '    no client has mounted anything yet', style: 'dim' }]);
  }
  return [...shown, ...Array.from({ length: Math.max(0, height - shown.length) }, () => [])];
}

function rowPieces(row: VisibleRow, selected: boolean, { ascii }: RenderOptions, width: number): Piece[] {
  const { columns, nameWidth } = layout(width);
  const { node } = row;
  const marks = ascii ? { open: 'v', shut: '>', here: '*' } : { open: '▾', shut: '▸', here: '❯' };
  const fold = row.unfolded === undefined ? ' ' : row.unfolded ? marks.open : marks.shut;
  const name = `${' '.repeat(2 * row.depth)}${fold} ${nameOf(node)}`;
  const pieces: Piece[] = [
    { text: selected ? `${marks.here} ` : '  ', style: 'cyan' },
    { text: fit(name, nameWidth - 2), style: selected ? 'bold' : undefined },
  ];
  for (const column of columns) {
    const text = fit(column.text(node, { ascii }), column.width, column.align);
    pieces.push({ text: COLUMN_GAP }, { text, style: column.style?.(node) });
  }
  return pieces;
}

function helpBody(state: TopState): Piece[][] {
  const widest = Math.max(...HELP.map(([keys]) => keys.length));
  const shown: Piece[][] = HELP.map(([keys, what]) => [
    { text: `    ${keys.padEnd(widest)}`, style: 'bold' },
    { text: `  ${what}` },
  ]);
  const height = bodyHeight(state.size);
  return [...shown, ...Array.from({ length: Math.max(0, height - shown.length) }, () => [])].slice(0, height);
}

/** What is selected, what has happened, and what can be done. */
function footer(state: TopState): Piece[][] {
  const rows = visibleRows(state);
  const selected = rows.find((row) => row.node.key === state.selected)?.node;
  const details =
    selected === undefined ? ['', ''] : detailsOf(selected, state.measurement?.sample.wallClock ?? 0);
  const [first = '', second = ''] = details;
  return [
    [],
    [{ text: `  ${first}`, style: 'dim' }],
    [{ text: `  ${second}`, style: 'dim' }],
    lastLine(state, rows.length),
  ];
}

function lastLine(state: TopState, rows: number): Piece[] {
  if (state.question !== undefined) {
    return [
      { text: deedQuestion(state.question), style: 'bold' },
      { text: ' y/n ', style: 'yellow' },
    ];
  }
  if (state.note !== undefined) return [{ text: plain(state.note.text), style: toneStyle(state.note) }];
  if (state.trouble !== undefined) return [{ text: plain(state.trouble), style: 'red' }];
  if (state.help) return [{ text: 'any key goes back', style: 'dim' }];
  const height = bodyHeight(state.size);
  const last = Math.min(rows, state.offset + height);
  const place = rows > height ? `   rows ${state.offset + 1}-${last} of ${rows}` : '';
  const keys = ['q quit', '? help', 's sort', 'd drain', 'e evict', 'enter fold', 'space pause'];
  return [{ text: keys.join('   ') }, { text: place, style: 'dim' }];
}

function toneStyle(note: Note): 'green' | 'red' | undefined {
  if (note.tone === 'good') return 'green';
  return note.tone === 'bad' ? 'red' : undefined;
}

function detailsOf(node: TopNode, now: number): [string, string] {
  switch (node.level) {
    case 'client': {
      const { client } = node;
      const held = `${plural(client.opens, 'open')}, ${plural(client.locks, 'lock')}, ${plural(client.delegations, 'delegation')}`;
      return [
        `client ${plain(client.id)}   ${plain(client.owner)}`,
        `${held}   back channel ${client.backChannel}   ${showSummary(node.connections)}`,
      ];
    }
    case 'session': {
      const { session } = node;
      const slots = `${session.slotsInUse} of ${session.slotsGranted} slots in use`;
      return [`session ${plain(session.id)}`, `${slots}   back channel ${session.backChannel}`];
    }
    case 'connection': {
      const { connection } = node;
      const idle = showDuration(Math.max(0, (now - connection.lastActivity) / MS));
      return [
        `connection ${connection.id}   ${plain(connection.remote)} to ${plain(connection.local)}`,
        `${connection.direction}   last request ${idle} ago${connection.draining ? '   draining' : ''}`,
      ];
    }
  }
}
