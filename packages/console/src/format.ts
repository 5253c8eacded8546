const K = 1024;
const MS = 1000;

export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let value = n;
  while (value >= K && unit < units.length - 1) {
    value /= K;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

export const rate = (n: number): string => `${bytes(n)}/s`;

export function count(n: number): string {
  return n >= 10_000 ? `${(n / MS).toFixed(n >= 100_000 ? 0 : 1)} k` : n.toFixed(n > 0 && n < 10 ? 1 : 0);
}

export function duration(seconds: number): string {
  if (seconds === 0) return '0 s';
  if (seconds < 0.001) return `${(seconds * MS * MS).toFixed(0)} µs`;
  if (seconds < 1) return `${(seconds * MS).toFixed(1)} ms`;
  return seconds < 120 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(0)} min`;
}

export const clock = (iso: string): string => new Date(iso).toLocaleTimeString([], { hour12: false });
export const short = (id: string): string => (id.length > 8 ? `…${id.slice(-8)}` : id);
