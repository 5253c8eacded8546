import { TOP_LIMITS } from './limits.ts';
import type { ClientNode, Measurement, TopNode } from './meter.ts';
import { compareNodes, nextSort, type SortKey } from './sort.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What may be done to a row: closing its connections in an orderly way, or ending it with all it holds. */
export interface Deed {
  readonly kind: 'drain' | 'end';
  readonly node: TopNode;
}

export interface Note {
  readonly tone: 'good' | 'bad' | 'plain';
  readonly text: string;
  /** Samples after which it goes by itself; stays where absent. */
  readonly left?: number;
}

/** All that decides what is on the screen. */
export interface TopState {
  readonly size: Size;
  readonly measurement: Measurement | undefined;
  readonly sort: SortKey;
  /** The key of the row that keys act on. */
  readonly selected: string | undefined;
  readonly unfolded: ReadonlySet<string>;
  /** The first row that is shown. */
  readonly offset: number;
  readonly paused: boolean;
  readonly help: boolean;
  readonly question: Deed | undefined;
  readonly note: Note | undefined;
  /** Why there is no newer sample. */
  readonly trouble: string | undefined;
}

/** What the reducer cannot do itself. */
export type Effect =
  | { readonly kind: 'quit' | 'suspend' | 'redraw' }
  | { readonly kind: 'do'; readonly deed: Deed };

export interface Step {
  readonly state: TopState;
  readonly effect?: Effect;
}

/** One line of the table. */
export interface VisibleRow {
  readonly node: TopNode;
  readonly depth: number;
  /** Undefined where there is nothing to unfold. */
  readonly unfolded: boolean | undefined;
}

/** What has been done is told for so many samples. */
export const NOTE_SAMPLES = 5;

/** Lines above and below the table's rows. */
export const HEADER_LINES = 5;
export const FOOTER_LINES = 4;

export function initialState(size: Size): TopState {
  return {
    size,
    measurement: undefined,
    sort: 'requests',
    selected: undefined,
    unfolded: new Set(),
    offset: 0,
    paused: false,
    help: false,
    question: undefined,
    note: undefined,
    trouble: undefined,
  };
}

export function resized(state: TopState, size: Size): TopState {
  return settled({ ...state, size });
}

export function noted(state: TopState, note: Note): TopState {
  return { ...state, note };
}

export function troubled(state: TopState, trouble: string): TopState {
  return { ...state, trouble };
}

/** A new sample: the selection stays with its row, or goes to what took its place. */
export function measured(state: TopState, measurement: Measurement): TopState {
  const before = visibleRows(state);
  const keys = new Set(allNodes(measurement.clients).map((node) => node.key));
  const unfolded = new Set([...state.unfolded].filter((key) => keys.has(key)));
  // What is new is unfolded as long as there is little of it: a first look should show where everything is.
  const known = new Set(allNodes(state.measurement?.clients ?? []).map((node) => node.key));
  if (measurement.connections <= TOP_LIMITS.unfolded) {
    for (const key of keys) if (!known.has(key)) unfolded.add(key);
  } else {
    for (const client of measurement.clients) if (!known.has(client.key)) unfolded.add(client.key);
  }
  const next = { ...state, measurement, unfolded, note: older(state.note), trouble: undefined };
  const rows = visibleRows(next);
  const place = before.findIndex((row) => row.node.key === state.selected);
  const kept = rows.find((row) => row.node.key === state.selected);
  const selected = (kept ?? rows[Math.min(Math.max(place, 0), rows.length - 1)])?.node.key;
  // A question about what has gone answers itself.
  const question =
    state.question !== undefined && keys.has(state.question.node.key) ? state.question : undefined;
  return settled({ ...next, selected, question });
}

function older(note: Note | undefined): Note | undefined {
  if (note?.left === undefined) return note;
  return note.left <= 1 ? undefined : { ...note, left: note.left - 1 };
}

/** All rows that are not folded away, in their order, whether or not they fit the screen. */
export function visibleRows(state: TopState): VisibleRow[] {
  const rows: VisibleRow[] = [];
  const add = (nodes: readonly TopNode[], depth: number) => {
    for (const node of [...nodes].sort(compareNodes(state.sort))) {
      const children = childrenOf(node);
      const open = children.length > 0 ? state.unfolded.has(node.key) : undefined;
      rows.push({ node, depth, unfolded: open });
      if (open === true) add(children, depth + 1);
    }
  };
  add(state.measurement?.clients ?? [], 0);
  return rows;
}

export function bodyHeight(size: Size): number {
  return Math.max(1, size.rows - HEADER_LINES - FOOTER_LINES);
}

/** What a key does. */
export function press(state: TopState, key: string): Step {
  if (key === 'interrupt') return { state, effect: { kind: 'quit' } };
  if (key === 'suspend') return { state, effect: { kind: 'suspend' } };
  if (key === 'redraw') return { state, effect: { kind: 'redraw' } };
  if (state.question !== undefined) return answer(state, state.question, key);
  const clear = { ...state, note: undefined };
  if (state.help) return { state: { ...clear, help: false } };
  return command(clear, key);
}

function answer(state: TopState, deed: Deed, key: string): Step {
  const asked = { ...state, question: undefined };
  if (key === 'y' || key === 'Y') return { state: asked, effect: { kind: 'do', deed } };
  return { state: noted(asked, { tone: 'plain', text: 'nothing was done', left: NOTE_SAMPLES }) };
}

function command(state: TopState, key: string): Step {
  switch (key) {
    case 'q':
      return { state, effect: { kind: 'quit' } };
    case '?':
    case 'h':
      return { state: { ...state, help: true } };
    case 's':
      return { state: settled({ ...state, sort: nextSort(state.sort) }) };
    case 'space':
    case 'p':
      return { state: { ...state, paused: !state.paused } };
    case 'a':
      return { state: foldAll(state) };
    case 'enter':
    case 'left':
    case 'right':
      return { state: fold(state, key) };
    case 'd':
      return { state: ask(state, 'drain') };
    case 'e':
      return { state: ask(state, 'end') };
    default:
      return { state: move(state, key) };
  }
}

function ask(state: TopState, kind: Deed['kind']): TopState {
  const node = visibleRows(state).find((row) => row.node.key === state.selected)?.node;
  if (node === undefined) return noted(state, { tone: 'plain', text: 'there is nothing to act on' });
  if (kind === 'end' && node.level === 'connection') {
    return noted(state, {
      tone: 'plain',
      text: 'a connection is drained (d); sessions and clients are evicted',
    });
  }
  return { ...state, question: { kind, node } };
}

function move(state: TopState, key: string): TopState {
  const page = bodyHeight(state.size);
  const far = Number.MAX_SAFE_INTEGER;
  const steps: Readonly<Record<string, number>> = {
    up: -1,
    k: -1,
    down: 1,
    j: 1,
    pageup: -page,
    pagedown: page,
    home: -far,
    end: far,
  };
  const step = Object.hasOwn(steps, key) ? steps[key] : undefined;
  const rows = visibleRows(state);
  if (step === undefined || rows.length === 0) return state;
  const place = rows.findIndex((row) => row.node.key === state.selected);
  const next = Math.min(rows.length - 1, Math.max(0, place + step));
  return settled({ ...state, selected: rows[next]?.node.key });
}

function fold(state: TopState, key: 'enter' | 'left' | 'right'): TopState {
  const rows = visibleRows(state);
  const place = rows.findIndex((row) => row.node.key === state.selected);
  const row = rows[place];
  if (row === undefined) return state;
  const open = row.unfolded === true;
  if (key === 'left' && !open) {
    const parent = rows.slice(0, place).findLast((other) => other.depth < row.depth);
    return settled({ ...state, selected: (parent ?? row).node.key });
  }
  const unfolded = new Set(state.unfolded);
  if (key === 'right' || (key === 'enter' && !open)) unfolded.add(row.node.key);
  else unfolded.delete(row.node.key);
  return settled({ ...state, unfolded });
}

/** Unfolds everything; folds everything where it was. */
function foldAll(state: TopState): TopState {
  const keys = allNodes(state.measurement?.clients ?? [])
    .filter((node) => childrenOf(node).length > 0)
    .map((node) => node.key);
  const unfolded = new Set(keys.every((key) => state.unfolded.has(key)) ? [] : keys);
  const clients = state.measurement?.clients ?? [];
  const owner = clients.find((client) => allNodes([client]).some((node) => node.key === state.selected));
  const selected = unfolded.size === 0 ? owner?.key : state.selected;
  return settled({ ...state, unfolded, selected });
}

/** Scrolls as little as shows the selected row. */
function settled(state: TopState): TopState {
  const rows = visibleRows(state);
  const height = bodyHeight(state.size);
  const place = Math.max(
    0,
    rows.findIndex((row) => row.node.key === state.selected),
  );
  const least = Math.max(0, place - height + 1);
  const most = Math.min(place, Math.max(0, rows.length - height));
  return { ...state, offset: Math.min(Math.max(state.offset, least), most) };
}

function childrenOf(node: TopNode): readonly TopNode[] {
  return node.level === 'connection' ? [] : node.children;
}

function allNodes(clients: readonly ClientNode[]): TopNode[] {
  return clients.flatMap((client) => [
    client,
    ...client.children.flatMap((session) => [session, ...session.children]),
  ]);
}
