import { writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { ReadStream, WriteStream } from 'node:tty';
import { keysOf } from './keys.ts';
import type { Size } from './state.ts';

const STDOUT = 1;
const CSI = '\u{1b}[';
/** Alternate screen, no cursor, no wrapping at the right edge. */
const ENTER = `${CSI}?1049h${CSI}?25l${CSI}?7l`;
const LEAVE = `${CSI}0m${CSI}?7h${CSI}?25h${CSI}?1049l`;
const FALLBACK: Size = { columns: 80, rows: 24 };

export interface ScreenEvents {
  key(key: string): void;
  resize(size: Size): void;
  /** The terminal has gone away. */
  gone(): void;
}

/** A terminal as a whole: raw keys in, lines out. What it changed is put back by `leave`, however the process ends. */
export class Screen {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #events: ScreenEvents;
  readonly #decoder = new StringDecoder('utf8');
  #shown: readonly string[] = [];
  #waiting: readonly string[] | undefined;
  #blocked = false;
  #entered = false;

  constructor(input: ReadStream, output: WriteStream, events: ScreenEvents) {
    this.#input = input;
    this.#output = output;
    this.#events = events;
  }

  get size(): Size {
    const { columns, rows } = this.#output;
    // Both are 0 in terminals that were never told their size.
    return columns > 0 && rows > 0 ? { columns, rows } : FALLBACK;
  }

  enter(): void {
    if (this.#entered) return;
    this.#entered = true;
    this.#shown = [];
    this.#input.setRawMode(true).on('data', this.#onData).on('end', this.#onGone).on('error', this.#onGone);
    this.#input.resume();
    this.#output.on('resize', this.#onResize).on('drain', this.#onDrain).on('error', this.#onGone);
    process.on('exit', this.leave).on('uncaughtExceptionMonitor', this.leave);
    this.#output.write(ENTER);
  }

  /** Puts the terminal back as it was. At once, as the process may be about to end. */
  readonly leave = (): void => {
    if (!this.#entered) return;
    this.#entered = false;
    process.off('exit', this.leave).off('uncaughtExceptionMonitor', this.leave);
    this.#output.off('resize', this.#onResize).off('drain', this.#onDrain).off('error', this.#onGone);
    this.#input.off('data', this.#onData).off('end', this.#onGone).off('error', this.#onGone);
    this.#input.pause();
    try {
      this.#input.setRawMode(false);
      writeSync(STDOUT, LEAVE);
    } catch {
      // The terminal is gone: there is nothing to put back.
    }
  };

  /** Shows these lines, from the top. A terminal that is slow misses frames; it is never sent more than one ahead. */
  draw(lines: readonly string[]): void {
    if (!this.#entered) return;
    if (this.#blocked) {
      this.#waiting = lines;
      return;
    }
    // Cleared before and not after: behind a full line the cursor still stands on its last cell.
    const changed = lines.flatMap((line, row) =>
      this.#shown[row] === line ? [] : [`${CSI}${row + 1};1H${CSI}0m${CSI}K${line}`],
    );
    this.#shown = lines;
    if (changed.length > 0) this.#blocked = !this.#output.write(changed.join(''));
  }

  /** Draws everything anew the next time, whatever is there. */
  forget(): void {
    this.#shown = [];
    if (this.#entered) this.#output.write(`${CSI}2J`);
  }

  readonly #onData = (data: Buffer): void => {
    for (const key of keysOf(this.#decoder.write(data))) this.#events.key(key);
  };

  readonly #onResize = (): void => {
    this.forget();
    this.#events.resize(this.size);
  };

  readonly #onDrain = (): void => {
    this.#blocked = false;
    const lines = this.#waiting;
    this.#waiting = undefined;
    if (lines !== undefined) this.draw(lines);
  };

  readonly #onGone = (): void => this.#events.gone();
}
