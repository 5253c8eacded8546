/** What the lines of guest.sh and main.py add up to. */
export class Verdict {
  readonly #expected: readonly string[];
  readonly #done: string[] = [];
  readonly #problems: string[] = [];
  #assertions = 0;
  #version = '';

  constructor(versions: readonly string[]) {
    this.#expected = versions;
  }

  get isWell(): boolean {
    return this.#problems.length === 0 && this.#done.length === this.#expected.length && this.#assertions > 0;
  }

  problem(text: string): void {
    this.#problems.push(text);
  }

  take(line: string): void {
    const [word, first = '', second] = line.split(' ');
    if (word === 'run') this.#version = first;
    else if (word === 'FAIL') this.problem(`vers=${this.#version}: ${line.slice('FAIL '.length)}`);
    else if (word === 'posix') {
      this.#assertions += Number(first);
      const failed = / (\d+) failed$/.exec(line)?.[1];
      if (failed !== '0') this.problem(`vers=${this.#version}: ${failed ?? 'an unknown number'} failed`);
    } else if (word === 'done') {
      if (second === '0') this.#done.push(first);
      else this.problem(`vers=${first}: the suite ended with status ${second}`);
    }
  }

  summary(): string {
    const absent = this.#expected.filter((version) => !this.#done.includes(version));
    const problems = [...this.#problems, ...absent.map((version) => `vers=${version}: not done well`)];
    if (this.isWell)
      return `posix: ${this.#assertions} assertions hold, with vers ${this.#done.join(' and ')}`;
    return `posix: FAILED\n  ${problems.join('\n  ') || 'nothing was asserted'}`;
  }
}
