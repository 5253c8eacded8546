import { rate, short } from '../format.ts';
import type { ClientRow, Line } from './model.ts';

const ROW = 16;
const HEAD = 30;
const GAP = 16;
const PAD = 16;
/** Pixels of the columns beside the lines, and of those of a narrow picture. */
const LABEL = { wide: 210, narrow: 104 };
const END = { wide: 126, narrow: 84 };
const NARROW = 520;
const LEAST_WIDTH = 1.5;
const MOST_WIDTH = 11;
/** Bytes a second of the thinnest and the widest line. */
const LEAST_RATE = 1024;
const FULL_RATE = 256 * 1024 * 1024;
const IDLE_MS = 60_000;
const PALE = 0.35;
const BED = 0.3;
/** What moves along a line: pixels of a piece and of the gap after it. */
const FLOW = [18, 22];
const DOTS = [2, 6];
const BOLD = '600 13px system-ui, "Liberation Sans", sans-serif';
const PLAIN = '12px system-ui, "Liberation Sans", sans-serif';

export interface Block {
  readonly row: ClientRow;
  readonly top: number;
  readonly height: number;
}

export function layout(rows: readonly ClientRow[]): {
  readonly blocks: readonly Block[];
  readonly height: number;
} {
  let top = GAP / 2;
  const blocks = rows.map((row) => {
    const lines = row.sessions.reduce((sum, { lines: own }) => sum + Math.max(1, own.length), 0);
    const height = HEAD + Math.max(1, lines) * ROW + GAP;
    const block = { row, top, height };
    top += height;
    return block;
  });
  return { blocks, height: top };
}

/** Wide enough to be seen, and ten times the rate is a step, not ten times the ink. */
export function lineWidth(bytesPerSecond: number): number {
  const share = Math.log(bytesPerSecond / LEAST_RATE) / Math.log(FULL_RATE / LEAST_RATE);
  return LEAST_WIDTH + (MOST_WIDTH - LEAST_WIDTH) * Math.min(1, Math.max(0, share));
}

export type Colours = Readonly<
  Record<'text' | 'soft' | 'line' | 'both' | 'fore' | 'back' | 'warn' | 'accent' | 'chosen', string>
>;

export interface View {
  readonly width: number;
  readonly height: number;
  /** Pixels that the picture is scrolled by, and that what flows has moved. */
  readonly top: number;
  readonly flow: number;
}

/** Draws the blocks that are in sight. Does something move in them? */
export function draw(
  pen: CanvasRenderingContext2D,
  view: View,
  blocks: readonly Block[],
  colours: Colours,
  selected: string | undefined,
): boolean {
  pen.clearRect(0, 0, view.width, view.height);
  const size = view.width < NARROW ? 'narrow' : 'wide';
  const span = { from: LABEL[size], to: view.width - END[size], flow: view.flow };
  let moves = false;
  for (const { row, top, height } of blocks) {
    const y = top - view.top;
    if (y + height < 0 || y > view.height) continue;
    if (row.client.client_id === selected) {
      pen.fillStyle = colours.chosen;
      pen.fillRect(0, y - GAP / 2, view.width, height);
      pen.fillStyle = colours.accent;
      pen.fillRect(0, y - GAP / 2, 3, height);
    }
    pen.font = BOLD;
    pen.fillStyle = row.client.lease === 'active' ? colours.text : colours.warn;
    pen.fillText(fitted(pen, row.client.address, span.from - PAD - 8), PAD, y + 17);
    pen.textAlign = 'right';
    pen.fillText(rate(row.rate), view.width - PAD, y + 17);
    pen.textAlign = 'left';
    pen.font = PLAIN;
    pen.fillStyle = colours.soft;
    pen.fillText(fitted(pen, row.client.owner, span.to - span.from), span.from, y + 17);
    if (drawSessions(pen, row, y + HEAD, span, colours)) moves = true;
    pen.fillStyle = colours.line;
    pen.fillRect(PAD, y + height - GAP / 2 - 1, view.width - 2 * PAD, 1);
  }
  return moves;
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly flow: number;
}

function drawSessions(
  pen: CanvasRenderingContext2D,
  { sessions }: ClientRow,
  top: number,
  span: Span,
  colours: Colours,
): boolean {
  let y = top + ROW / 2;
  let moves = false;
  for (const { session, lines } of sessions) {
    pen.fillStyle = session.over_limit > 0 ? colours.warn : colours.soft;
    const over = session.over_limit > 0 ? ` · ${session.over_limit} over` : '';
    const slots = `${session.slots_in_use}/${session.slots_granted}${over}`;
    const label = span.from === LABEL.wide ? `${short(session.session_id)}  ${slots}` : slots;
    pen.fillText(fitted(pen, label, span.from - PAD - 10), PAD, y + 4);
    for (const line of lines) {
      drawLine(pen, line, y, span, colours);
      if (line.rate > 0) moves = true;
      pen.fillStyle = colours.soft;
      pen.fillText(`#${line.id}`, span.to + 8, y + 4);
      if (line.rate > 0 && span.from === LABEL.wide) {
        pen.textAlign = 'right';
        pen.fillText(rate(line.rate), span.to + END.wide - PAD, y + 4);
        pen.textAlign = 'left';
      }
      y += ROW;
    }
    if (lines.length === 0) y += ROW;
  }
  return moves;
}

/** A bed in the line's colour; what flows over it moves away from the client, callbacks towards it. That these are rare is no reason to pale. */
function drawLine(
  pen: CanvasRenderingContext2D,
  line: Line,
  y: number,
  { from, to, flow }: Span,
  colours: Colours,
): void {
  const isBack = line.direction === 'back';
  pen.strokeStyle = line.draining ? colours.warn : colours[line.direction];
  pen.lineWidth = lineWidth(line.rate);
  pen.beginPath();
  pen.moveTo(from, y);
  pen.lineTo(to, y);
  pen.globalAlpha = line.rate > 0 ? BED : line.idleMs > IDLE_MS && !isBack ? PALE : 1;
  pen.setLineDash(isBack && line.rate === 0 ? DOTS : []);
  pen.stroke();
  if (line.rate > 0) {
    pen.globalAlpha = 1;
    pen.setLineDash(FLOW);
    pen.lineDashOffset = isBack ? flow : -flow;
    pen.stroke();
  }
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}

const MOST_FITTED = 2000;
const cuts = new Map<string, string>();

/** The text, or as much of its beginning as there is room for. */
function fitted(pen: CanvasRenderingContext2D, text: string, room: number): string {
  const key = `${pen.font}|${Math.round(room)}|${text}`;
  const known = cuts.get(key);
  if (known !== undefined) return known;
  let [kept, cut] = [text.length, text];
  while (kept > 0 && pen.measureText(cut).width > room) cut = `${text.slice(0, --kept).trimEnd()}…`;
  if (cuts.size >= MOST_FITTED) cuts.clear();
  cuts.set(key, cut);
  return cut;
}
