import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { clockOf } from './format.ts';

const HEIGHT = 180;
const NARROW = 480;
/** Seconds that the time axis has at the least: a few values are not an hour. */
const LEAST_SPAN = 300;
const HEADROOM = 1.15;
const FILL = 0.1;
/** Pixels between two times of the axis. */
const TIME_SPACE = 75;
const TIME_HEIGHT = 30;
const MS = 1000;
/** Steps of an axis of bytes: 1, 2, 4 ... of them. */
const BINARY = Array.from({ length: 50 }, (_, power) => 2 ** power);

export interface Curve {
  readonly label: string;
  readonly colour: 'both' | 'fore' | 'back' | 'warn';
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  readonly times: readonly number[];
  readonly curves: readonly Curve[];
  readonly show: (value: number) => string;
  /** Bytes: the axis goes by powers of two. */
  readonly isBinary?: boolean | undefined;
  /** The greatest value that there can be: the axis reaches it. */
  readonly most?: number | undefined;
}

/** Curves over time, made by uPlot. The legend shows the latest values, or those under the pointer, in all charts of a page. */
export function Chart(props: ChartProps) {
  const { title, times, curves, show } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [at, setAt] = useState<number | null>(null);
  useEffect(() => {
    const box = place.current;
    if (box === null) return undefined;
    const made = new uPlot(optionsOf(latest.current, box, setAt), dataOf(latest.current), box);
    plot.current = made;
    const sized = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: HEIGHT }));
    sized.observe(box);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const redraw = () => made.redraw(false);
    dark.addEventListener('change', redraw);
    return () => {
      dark.removeEventListener('change', redraw);
      sized.disconnect();
      made.destroy();
    };
  }, []);
  useEffect(
    () => plot.current?.setData(dataOf({ title, times, curves, show })),
    [title, times, curves, show],
  );
  const index = at === null || at >= times.length ? times.length - 1 : at;
  const time = times[index];
  return (
    <section class="card chart" aria-label={title}>
      <header>
        <h2>
          {title} <span class="soft">{time === undefined ? 'nothing measured yet' : clockOf(time * MS)}</span>
        </h2>
        <ul class="legend">
          {curves.map(({ label, colour, values }) => (
            <li key={label}>
              <i class={`key ${colour}`} />
              {label} <b>{shown(values[index], show)}</b>
            </li>
          ))}
        </ul>
      </header>
      <div ref={place} />
    </section>
  );
}

function shown(value: number | null | undefined, show: ChartProps['show']): string {
  return value === null || value === undefined ? '–' : show(value);
}

function dataOf({ times, curves }: ChartProps): uPlot.AlignedData {
  return [[...times], ...curves.map(({ values }) => [...values])] as uPlot.AlignedData;
}

function optionsOf(
  { curves, show, most, isBinary }: ChartProps,
  box: HTMLElement,
  tell: (at: number | null) => void,
): uPlot.Options {
  const axis = {
    stroke: () => colourOf(box, 'soft'),
    grid: { stroke: () => colourOf(box, 'line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, "Liberation Sans", sans-serif',
  };
  return {
    width: box.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: 'time' }, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { range: ({ data: [times] }) => spanOf(times) },
      y: { range: (_, __, top) => [0, Math.max((top ?? 0) * HEADROOM, most ?? Number.MIN_VALUE)] },
    },
    axes: [
      {
        ...axis,
        space: TIME_SPACE,
        size: TIME_HEIGHT,
        values: (_, ticks) => ticks.map((tick) => clockOf(tick * MS, ticks)),
      },
      {
        ...axis,
        size: box.clientWidth < NARROW ? 62 : 84,
        values: (_, ticks) => ticks.map(show),
        ...(isBinary === true && { incrs: BINARY }),
      },
    ],
    series: [
      {},
      ...curves.map((curve) => ({
        label: curve.label,
        width: 1.5,
        stroke: () => colourOf(box, curve.colour),
        fill: () => `rgb(from ${colourOf(box, curve.colour)} r g b / ${FILL})`,
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [({ cursor }) => tell(cursor.idx ?? null)] },
  };
}

/** At least some minutes, so that the axis does not begin with a few seconds as wide as the page (nor, with one value, with a day). */
function spanOf(times: ArrayLike<number>): [number, number] {
  const end = times[times.length - 1] ?? Date.now() / MS;
  return [Math.min(times[0] ?? end, end - LEAST_SPAN), end];
}

function colourOf(element: HTMLElement, name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(--${name})`;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
