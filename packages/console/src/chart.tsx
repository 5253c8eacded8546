import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

const HEIGHT = 220;

export interface Curve {
  readonly label: string;
  readonly colour: 'accent' | 'fore' | 'back' | 'warn';
  readonly values: readonly (number | null)[];
}

/** Curves over time, made by uPlot. */
export function Chart({
  title,
  times,
  curves,
  show,
}: {
  title: string;
  times: readonly number[];
  curves: readonly Curve[];
  show: (value: number) => string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const data = [[...times], ...curves.map(({ values }) => [...values])] as uPlot.AlignedData;
  // biome-ignore lint/correctness/useExhaustiveDependencies: made once; data comes by the effect below
  useEffect(() => {
    const box = place.current;
    if (box === null) return undefined;
    const axis = {
      stroke: () => colour(box, 'soft'),
      grid: { stroke: () => colour(box, 'line'), width: 1 },
      ticks: { show: false },
    };
    const made = new uPlot(
      {
        width: box.clientWidth,
        height: HEIGHT,
        scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.1, Number.MIN_VALUE)] } },
        axes: [axis, { ...axis, size: 80, values: (_, ticks) => ticks.map(show) }],
        series: [
          {},
          ...curves.map((curve) => ({
            label: curve.label,
            width: 1.5,
            stroke: () => colour(box, curve.colour),
            points: { show: false },
            value: (_: uPlot, value: number | null) => (value === null ? '–' : show(value)),
          })),
        ],
      },
      data,
      box,
    );
    plot.current = made;
    const sized = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: HEIGHT }));
    sized.observe(box);
    return () => {
      sized.disconnect();
      made.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(data));
  return (
    <section class="card" aria-label={title}>
      <h2>{title}</h2>
      <div class="chart" ref={place} />
    </section>
  );
}

function colour(element: HTMLElement, name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(--${name})`;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
