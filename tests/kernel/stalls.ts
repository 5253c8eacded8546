/**
 * Tells a server's stall from a machine that had no time. Somebody asks the server for a file's attributes all the
 * time; in the guest and on the host somebody else only sleeps and notes when it woke late. The time in which either
 * of those slept too long is taken off a slow answer: what is left is the server's (or the network's).
 */

/** From and to, in seconds since 1970. */
export type Span = readonly [from: number, to: number];

export const spanOf = (from: number, to: number): Span => [from, Math.max(from, to)];

/** How much of `span` is not covered by any of the others, in seconds. */
export function excess(span: Span, covered: readonly Span[]): number {
  const [from, to] = span;
  const clipped = covered
    .map(([a, b]): Span => [Math.max(a, from), Math.min(b, to)])
    .filter(([a, b]) => b > a)
    .sort((x, y) => x[0] - y[0]);
  let left = to - from;
  let reached = from;
  for (const [a, b] of clipped) {
    const start = Math.max(a, reached);
    if (b > start) left -= b - start;
    reached = Math.max(reached, b);
  }
  return left;
}

/** Somebody who had to wait, and for what. */
export type Wait = { readonly span: Span; readonly what: string };

export type Stall = { readonly seconds: number; readonly what: string };

/** The wait with the longest excess among those that overlap `window`; none is 0 seconds. */
export function longestStall(window: Span, waits: readonly Wait[], starved: readonly Span[]): Stall {
  let longest: Stall = { seconds: 0, what: '' };
  for (const { span, what } of waits) {
    if (span[1] < window[0] || span[0] > window[1]) continue;
    const seconds = excess(span, starved);
    if (seconds > longest.seconds) longest = { seconds, what };
  }
  return longest;
}
