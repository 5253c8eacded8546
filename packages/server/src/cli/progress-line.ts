import { isatty } from 'node:tty';
import { complain } from '@dfs/api/terminal';

const STDERR = 2;
const EVERY_MS = 200;

/** One line on the terminal that says how far something is, a few times a second; none where there is no terminal. */
export class ProgressLine {
  readonly #isShown = isatty(STDERR);
  #last = 0;

  /** `text` is asked for where it is shown. */
  show(text: () => string): void {
    const now = performance.now();
    if (!this.#isShown || now - this.#last < EVERY_MS) return;
    this.#last = now;
    complain(`\r\u001b[K${text()}`);
  }

  clear(): void {
    if (this.#isShown) complain('\r\u001b[K');
  }
}
