import type { Awaitable } from '../vfs/index.ts';

/** Goes on with a value at once where it is there, later where it is a promise: no promise where nothing waits. */
export function after<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
