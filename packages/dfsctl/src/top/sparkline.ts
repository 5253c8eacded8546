const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
const ASCII = ['_', '.', ':', '-', '=', '+', '*', '#'] as const;

/**
 * The last `width` values as a line of bars, the newest at the right; blank where there is none yet. The highest bar is the
 * highest value of those shown; where all are 0, all are lowest.
 */
export function sparkline(values: readonly number[], width: number, ascii = false): string {
  const levels = ascii ? ASCII : BLOCKS;
  const shown = width > 0 ? values.slice(-width) : [];
  const highest = Math.max(0, ...shown);
  const bars = shown.map((value) => {
    if (value <= 0 || highest === 0) return levels[0];
    // The lowest bar is for nothing at all: little must be told from it.
    return levels[1 + Math.round((value / highest) * (levels.length - 2))] ?? levels[0];
  });
  return bars.join('').padStart(Math.max(0, width));
}
