const K = 1024;
const MS = 1000;
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Without a fraction where it is nought. */
const trimmed = (value: number, digits: number): string => value.toFixed(digits).replace(/\.0+$/, '');

export function bytes(n: number): string {
  let unit = 0;
  let value = n;
  while (value >= K && unit < UNITS.length - 1) {
    value /= K;
    unit++;
  }
  return `${trimmed(value, value >= 100 || unit === 0 ? 0 : 1)} ${UNITS[unit]}`;
}

export const rate = (n: number): string => `${bytes(n)}/s`;
export const percent = (share: number): string => `${trimmed(share * 100, share < 0.1 ? 1 : 0)} %`;

export function count(n: number): string {
  if (n >= MS * 10) return `${trimmed(n / MS, n >= MS * 100 ? 0 : 1)} k`;
  return trimmed(n, n < 10 ? 1 : 0);
}

export function duration(seconds: number): string {
  if (seconds === 0) return '0 s';
  if (seconds < 0.001) return `${trimmed(seconds * MS * MS, 0)} µs`;
  if (seconds < 1) return `${trimmed(seconds * MS, seconds < 0.1 ? 1 : 0)} ms`;
  if (seconds < 120) return `${trimmed(seconds, seconds < 10 ? 1 : 0)} s`;
  const minutes = seconds / 60;
  if (minutes < 120) return `${minutes.toFixed(0)} min`;
  const hours = minutes / 60;
  return hours < 48 ? `${hours.toFixed(0)} h` : `${(hours / 24).toFixed(0)} d`;
}

const SECONDS = new Intl.DateTimeFormat([], {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});
const MINUTES = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit', hour12: false });

/** Milliseconds since 1970 as a time of the day; with seconds, but for an axis that needs none. */
export function clockOf(time: number, ticks: readonly number[] = []): string {
  const isByMinutes = ticks.length > 0 && ticks.every((tick) => tick % 60 === 0);
  return (isByMinutes ? MINUTES : SECONDS).format(time);
}

export const clock = (iso: string): string => clockOf(new Date(iso).getTime());
export const short = (id: string): string => (id.length > 8 ? `…${id.slice(-8)}` : id);
export const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
