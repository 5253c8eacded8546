import { useEffect, useMemo, useRef } from 'preact/hooks';
import { plural, rate } from '../format.ts';
import { type Block, type Colours, draw, layout } from './draw.ts';
import type { ClientRow } from './model.ts';

const FLOW_PER_MS = 0.03;
const MOST_HEIGHT = 640;

const NAMES = ['text', 'soft', 'line', 'both', 'fore', 'back', 'warn', 'accent', 'chosen'] as const;

/** The colours of the style sheet, in a form that a canvas takes. */
function coloursOf(element: HTMLElement): Colours {
  const probe = document.createElement('i');
  element.append(probe);
  const found = NAMES.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(found) as Colours;
}

interface Shown {
  readonly blocks: readonly Block[];
  readonly selected: string | undefined;
}

/** Paints again and again what `shown` answers, when it has changed, was scrolled, or something in it moves. Returns how to end that. */
function paintOn(pane: HTMLElement, sheet: HTMLCanvasElement, shown: () => Shown): () => void {
  const pen = sheet.getContext('2d');
  if (pen === null) return () => undefined;
  let colours = coloursOf(pane);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  let painted: unknown[] = [];
  let moves = false;
  const recolour = () => {
    colours = coloursOf(pane);
  };
  dark.addEventListener('change', recolour);
  const paint = (time: number) => {
    frame = requestAnimationFrame(paint);
    const ratio = devicePixelRatio;
    const { clientWidth: width, clientHeight: height, scrollTop: top } = pane;
    const { blocks, selected } = shown();
    const now = [width, height, top, ratio, blocks, selected, colours];
    if (!(moves && !still.matches) && now.every((each, index) => each === painted[index])) return;
    painted = now;
    if (sheet.width !== Math.round(width * ratio) || sheet.height !== Math.round(height * ratio)) {
      sheet.width = Math.round(width * ratio);
      sheet.height = Math.round(height * ratio);
      sheet.style.width = `${width}px`;
      sheet.style.height = `${height}px`;
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    moves = draw(pen, { width, height, top, flow: time * FLOW_PER_MS }, blocks, colours, selected);
  };
  let frame = requestAnimationFrame(paint);
  return () => {
    cancelAnimationFrame(frame);
    dark.removeEventListener('change', recolour);
  };
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowUp: -1,
  ArrowDown: 1,
  PageUp: -10,
  PageDown: 10,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/** The live picture: only what is in sight is drawn, so a thousand connections cost what a screen of them does. */
export function TrunksCanvas({
  rows,
  selected,
  onSelect,
}: {
  rows: readonly ClientRow[];
  selected: string | undefined;
  onSelect: (client: string) => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { blocks, height: whole } = useMemo(() => layout(rows), [rows]);
  const shown = useRef<Shown>({ blocks, selected });
  shown.current = { blocks, selected };
  const height = Math.min(MOST_HEIGHT, whole);
  useEffect(() => {
    const [pane, sheet] = [scroller.current, canvas.current];
    return pane === null || sheet === null ? undefined : paintOn(pane, sheet, () => shown.current);
  }, []);
  const at = blocks.findIndex(({ row }) => row.client.client_id === selected);
  const pick = (event: MouseEvent) => {
    const pane = scroller.current;
    if (pane === null) return;
    const y = event.clientY - pane.getBoundingClientRect().top + pane.scrollTop;
    const block = blocks.find(({ top, height: tall }) => y >= top && y < top + tall);
    if (block !== undefined) onSelect(block.row.client.client_id);
  };
  const step = (event: KeyboardEvent) => {
    const by = STEPS[event.key];
    const pane = scroller.current;
    if (by === undefined || pane === null) return;
    event.preventDefault();
    const next = blocks[Math.min(blocks.length - 1, Math.max(0, at + by))];
    if (next === undefined) return;
    onSelect(next.row.client.client_id);
    const end = next.top + next.height - pane.clientHeight;
    pane.scrollTop = Math.min(next.top, Math.max(pane.scrollTop, end));
  };
  const row = blocks[at]?.row;
  return (
    <div
      class="card trunks"
      ref={scroller}
      style={{ height: `${height}px` }}
      tabIndex={0}
      role="listbox"
      aria-label="Clients and their connections"
      aria-activedescendant={row === undefined ? undefined : 'chosen-client'}
      onClick={pick}
      onKeyDown={step}
    >
      {row !== undefined && (
        <div
          id="chosen-client"
          class="hidden"
          role="option"
          aria-selected="true"
          aria-setsize={blocks.length}
          aria-posinset={at + 1}
          tabIndex={-1}
        >
          {`${row.client.address} ${row.client.owner}: ${plural(row.connections, 'connection')}, ${rate(row.rate)}`}
        </div>
      )}
      <canvas ref={canvas} style={{ position: 'sticky', top: '0' }} />
      <div style={{ height: `${whole - height}px` }} />
    </div>
  );
}
