import { useEffect, useMemo, useRef } from 'preact/hooks';
import { type Colours, draw, layout } from './draw.ts';
import type { ClientRow } from './model.ts';

const FLOW_PER_MS = 0.04;
const MOST_HEIGHT = 640;

const NAMES = ['text', 'soft', 'line', 'both', 'fore', 'back', 'warn', 'accent'] as const;

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
  const placed = useMemo(() => layout(rows), [rows]);
  const shown = useRef({ placed, selected });
  shown.current = { placed, selected };
  const height = Math.min(MOST_HEIGHT, placed.height);
  useEffect(() => {
    const [pane, sheet] = [scroller.current, canvas.current];
    const pen = sheet?.getContext('2d');
    if (pane === null || sheet === null || pen === null || pen === undefined) return undefined;
    let colours = coloursOf(pane);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const recolour = () => {
      colours = coloursOf(pane);
    };
    dark.addEventListener('change', recolour);
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    let frame = 0;
    const paint = (time: number) => {
      const ratio = devicePixelRatio;
      const { clientWidth: width, clientHeight: tall, scrollTop: top } = pane;
      if (sheet.width !== Math.round(width * ratio) || sheet.height !== Math.round(tall * ratio)) {
        sheet.width = Math.round(width * ratio);
        sheet.height = Math.round(tall * ratio);
        sheet.style.width = `${width}px`;
        sheet.style.height = `${tall}px`;
      }
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      const flow = still ? 0 : time * FLOW_PER_MS;
      draw(
        pen,
        { width, height: tall, top, flow },
        shown.current.placed.blocks,
        colours,
        shown.current.selected,
      );
      frame = requestAnimationFrame(paint);
    };
    frame = requestAnimationFrame(paint);
    return () => {
      cancelAnimationFrame(frame);
      dark.removeEventListener('change', recolour);
    };
  }, []);
  const pick = (event: MouseEvent) => {
    const pane = scroller.current;
    if (pane === null) return;
    const y = event.clientY - pane.getBoundingClientRect().top + pane.scrollTop;
    const block = placed.blocks.find(({ top, height: tall }) => y >= top && y < top + tall);
    if (block !== undefined) onSelect(block.row.client.client_id);
  };
  return (
    <div
      class="card trunks"
      ref={scroller}
      style={{ height: `${height}px` }}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
      tabIndex={0}
      role="img"
      onClick={pick}
      onKeyDown={() => undefined}
      aria-label={`Picture of ${rows.length} clients with their connections; the list beside it says the same in words`}
    >
      <canvas ref={canvas} style={{ position: 'sticky', top: '0' }} />
      <div style={{ height: `${placed.height - height}px` }} />
    </div>
  );
}
