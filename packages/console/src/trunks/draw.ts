import { rate, short } from '../format.ts';
import type { ClientRow, Line } from './model.ts';

const ROW = 14;
const HEAD = 30;
const GAP = 16;
const LABEL = 200;
const END = 110;
const PAD = 18;
const MOST_WIDTH = 9;
/** Bytes a second of a line of full width. */
const FULL_RATE = 200 * 1024 * 1024;
const IDLE_MS = 60_000;

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
  if (bytesPerSecond < 1) return 1;
  return 1 + (MOST_WIDTH - 1) * Math.min(1, Math.log10(1 + bytesPerSecond) / Math.log10(FULL_RATE));
}

export type Colours = Readonly<
  Record<'text' | 'soft' | 'line' | 'both' | 'fore' | 'back' | 'warn' | 'accent', string>
>;

function colourOf(line: Line, colours: Colours): string {
  if (line.draining) return colours.warn;
  return line.direction === 'guest' ? colours.warn : colours[line.direction];
}

/** Draws the blocks that are in sight. */
export function draw(
  pen: CanvasRenderingContext2D,
  view: { readonly width: number; readonly height: number; readonly top: number; readonly flow: number },
  blocks: readonly Block[],
  colours: Colours,
  selected: string | undefined,
): void {
  pen.clearRect(0, 0, view.width, view.height);
  const narrow = view.width < 520;
  const from = narrow ? 110 : LABEL;
  const to = view.width - (narrow ? 70 : END);
  for (const { row, top, height } of blocks) {
    const y = top - view.top;
    if (y + height < 0 || y > view.height) continue;
    if (row.client.client_id === selected) {
      pen.fillStyle = colours.accent;
      pen.fillRect(0, y, 3, height - GAP / 2);
    }
    pen.font = '600 13px system-ui, "Liberation Sans", sans-serif';
    pen.fillStyle = row.client.lease === 'active' ? colours.text : colours.warn;
    pen.fillText(row.client.address, PAD, y + 19, from - PAD);
    pen.font = '12px system-ui, "Liberation Sans", sans-serif';
    pen.fillStyle = colours.soft;
    if (!narrow) pen.fillText(row.client.owner, from, y + 19, to - from - 20);
    pen.textAlign = 'right';
    pen.fillText(rate(row.rate), view.width - PAD, y + 19);
    pen.textAlign = 'left';
    drawSessions(pen, row, y + HEAD, { from, to, flow: view.flow }, colours);
    pen.fillStyle = colours.line;
    pen.fillRect(PAD, y + height - GAP / 2, view.width - 2 * PAD, 1);
  }
}

function drawSessions(
  pen: CanvasRenderingContext2D,
  row: ClientRow,
  top: number,
  span: { readonly from: number; readonly to: number; readonly flow: number },
  colours: Colours,
): void {
  let y = top + ROW / 2;
  for (const { session, lines } of row.sessions) {
    pen.fillStyle = colours.soft;
    const over = session.over_limit > 0 ? ` · ${session.over_limit} over` : '';
    pen.fillText(
      `${short(session.session_id)}  ${session.slots_in_use}/${session.slots_granted}${over}`,
      PAD,
      y + 4,
      span.from - PAD - 10,
    );
    for (const line of lines) {
      pen.strokeStyle = colourOf(line, colours);
      pen.globalAlpha = line.idleMs > IDLE_MS ? 0.35 : 1;
      pen.lineWidth = lineWidth(line.rate);
      pen.setLineDash(line.rate > 0 ? [26, 3] : line.direction === 'back' ? [2, 6] : []);
      pen.lineDashOffset = line.direction === 'back' ? span.flow : -span.flow;
      pen.beginPath();
      pen.moveTo(span.from, y);
      pen.lineTo(span.to, y);
      pen.stroke();
      pen.globalAlpha = 1;
      pen.fillStyle = colours.soft;
      pen.fillText(`#${line.id}`, span.to + 10, y + 4);
      y += ROW;
    }
    pen.setLineDash([]);
    if (lines.length === 0) y += ROW;
  }
}
