/** What a run has found: figures for people, and what was wrong. */
export class Report {
  readonly failures: string[] = [];
  readonly #say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  note(text: string): void {
    this.#say(text);
  }

  /** Something that is so or not. */
  expect(holds: boolean, what: string): void {
    if (holds) return;
    this.failures.push(what);
    this.#say(`FAILED: ${what}`);
  }

  /** Microseconds of the large thing against those of the small one. */
  ratio(what: string, large: number, small: number, bound: number): void {
    const ratio = large / small;
    this.#say(
      `${what}: ${large.toFixed(1)} µs of CPU, small ${small.toFixed(1)} µs, ${ratio.toFixed(2)} times`,
    );
    this.expect(
      ratio < bound,
      `${what}: ${ratio.toFixed(2)} times what the small one costs, ${bound} at the most`,
    );
  }
}
