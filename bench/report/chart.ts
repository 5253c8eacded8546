import type { Comparison } from './compare.ts';
import { figure } from './table.ts';

const ROW = 30;
const LABEL = 170;
const WIDTH = 900;
const PLOT = WIDTH - LABEL - 60;
const TOP = 70;
const BAR = 10;
const COLOURS = { rate: '#2a7de1', cpu: '#e08e2a', even: '#888', text: '#222' };

function bar(x: number, y: number, width: number, colour: string, label: string): string {
  return (
    `<rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(1, width).toFixed(1)}" height="${BAR}" fill="${colour}"/>` +
    `<text x="${(x + Math.max(1, width) + 4).toFixed(1)}" y="${y + BAR - 1}" font-size="10">${label}</text>`
  );
}

/** Bars on a logarithmic scale: how many times better dfs is, in operations a second and in CPU. Left of the line it is worse. */
export function ratioChart(comparisons: readonly Comparison[], other: string): string {
  const shown = comparisons.filter((c) => c.rate !== undefined && c.cpu !== undefined);
  const all = shown.flatMap((c) => [c.rate!, c.cpu!]);
  const low = Math.min(0.5, ...all);
  const high = Math.max(2, ...all) * 1.3;
  const at = (ratio: number) => LABEL + (Math.log(ratio / low) / Math.log(high / low)) * PLOT;
  const height = TOP + shown.length * ROW + 20;
  const ticks = [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32].filter((t) => t >= low && t <= high);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" fill="${COLOURS.text}">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    `<text x="10" y="22" font-size="15" font-weight="bold">dfs against ${other}: times better</text>`,
    `<rect x="10" y="34" width="${BAR}" height="${BAR}" fill="${COLOURS.rate}"/><text x="26" y="43" font-size="11">operations (MB) a second</text>`,
    `<rect x="190" y="34" width="${BAR}" height="${BAR}" fill="${COLOURS.cpu}"/><text x="206" y="43" font-size="11">server CPU for an operation (a GiB)</text>`,
    ...ticks.map(
      (t) =>
        `<line x1="${at(t).toFixed(1)}" x2="${at(t).toFixed(1)}" y1="${TOP - 6}" y2="${height - 12}" stroke="${t === 1 ? COLOURS.even : '#ddd'}"/>` +
        `<text x="${at(t).toFixed(1)}" y="${TOP - 10}" font-size="10" text-anchor="middle">${t}×</text>`,
    ),
  ];
  for (const [i, { row, rate, cpu }] of shown.entries()) {
    const y = TOP + i * ROW;
    parts.push(`<text x="10" y="${y + BAR + 3}" font-size="12">${row.name}</text>`);
    for (const [offset, value, colour] of [
      [0, rate!, COLOURS.rate],
      [BAR + 2, cpu!, COLOURS.cpu],
    ] as const) {
      const from = Math.min(at(1), at(value));
      parts.push(bar(from, y + offset, Math.abs(at(value) - at(1)), colour, `${figure(value)}×`));
    }
  }
  return `${parts.join('\n')}\n</svg>\n`;
}
