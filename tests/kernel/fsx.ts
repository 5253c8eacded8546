/**
 * Random operations on one file, each held against a model in memory: whatever the file answers has to be what the
 * model holds. The same seed and options do the same again. Run it with --help for its options.
 */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { parseArgs } from 'node:util';

const MAX_SIZE = 256 * 1024;
const MAX_IO = 64 * 1024;
const LOG_TAIL = 40;
const KIB = 1024;
const WORTH_TELLING_MS = 300;
const FALLOCATE_LIMIT_MS = 60_000;
const { O_APPEND, O_CREAT, O_DIRECT, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = fs.constants;

const help = `fsx.ts --file PATH [options]: random operations on a file, held against a model in memory
  --steps N        how many (10000)
  --seed N         which; printed at the start, and by chance where it is not given
  --other PATH     the same file through another mount: read and written there too, after a close, as NFS promises
  --direct         read with O_DIRECT too (NFS wants no alignment, most disks do)
  --drop-caches    drop the kernel's page cache now and then (root)
  --fallocate      reserve space and punch holes too, with util-linux' fallocate
  --spoil STEP     damage a byte of the file behind the model's back at every step from this: it has to be found
Status: 0 no difference, 1 a difference (the last operations are printed), 3 an operation failed, 2 used wrongly.`;

const DIFFERS = 1;
const USAGE = 2;
const FAILED = 3;

export type FsxOptions = {
  readonly file: string;
  readonly steps: number;
  readonly seed: number;
  readonly other: string | undefined;
  readonly direct: boolean;
  readonly dropCaches: boolean;
  readonly fallocate: boolean;
  readonly spoil: number | undefined;
};

/** The file is not what the model holds. */
export class Difference extends Error {
  override readonly name = 'Difference';
}

/** Tells the runner of the kernel suite about an operation that took long, in the file that it names. */
function tellIfLong(what: string, began: number): void {
  const now = Date.now();
  const waits = process.env['WAITS'];
  if (waits === undefined || now - began < WORTH_TELLING_MS) return;
  fs.appendFileSync(waits, `wait ${began / 1000} ${now / 1000} ${what}\n`);
}

/** mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

export class Fsx {
  private readonly options: FsxOptions;
  private readonly random: (below: number) => number;
  private readonly model = Buffer.alloc(MAX_SIZE);
  private readonly scratch = Buffer.alloc(MAX_SIZE + 1);
  private readonly log: string[] = [];
  private readonly counts = new Map<string, number>();
  private readonly operations: ReadonlyArray<{ name: string; weight: number; act: () => string }>;
  private size = 0;
  private step = 0;
  private fd: number;

  constructor(options: FsxOptions) {
    this.options = options;
    this.random = randomFrom(options.seed);
    this.fd = fs.openSync(options.file, O_RDWR | O_CREAT | O_TRUNC, 0o644);
    const { other, direct, dropCaches, fallocate } = options;
    this.operations = [
      { name: 'write', weight: 300, act: () => this.write() },
      { name: 'read', weight: 400, act: () => this.read(this.fd) },
      { name: 'append', weight: 15, act: () => this.append() },
      { name: 'truncate', weight: 30, act: () => this.truncate() },
      { name: 'stat', weight: 60, act: () => this.stat() },
      { name: 'fsync', weight: 12, act: () => this.sync() },
      { name: 'reopen', weight: 12, act: () => this.reopen() },
      { name: 'rename', weight: 4, act: () => this.rename() },
      { name: 'direct-read', weight: direct ? 8 : 0, act: () => this.directRead() },
      { name: 'other-read', weight: other === undefined ? 0 : 5, act: () => this.otherRead() },
      { name: 'other-write', weight: other === undefined ? 0 : 5, act: () => this.otherWrite() },
      { name: 'drop-caches', weight: dropCaches ? 2 : 0, act: () => this.dropCaches() },
      { name: 'punch-hole', weight: fallocate ? 2 : 0, act: () => this.allocate(true) },
      { name: 'allocate', weight: fallocate ? 1 : 0, act: () => this.allocate(false) },
    ];
  }

  /** Does all steps; a Difference at the first answer that is not the model's. */
  run(): void {
    // As many lots as an operation weighs.
    const lots = this.operations.flatMap((operation) =>
      Array.from({ length: operation.weight }, () => operation),
    );
    for (this.step = 1; this.step <= this.options.steps; this.step++) {
      if (this.step >= (this.options.spoil ?? Number.POSITIVE_INFINITY)) this.spoil();
      const operation = lots[this.random(lots.length)];
      if (operation === undefined) throw new Error('no operation has a weight');
      this.counts.set(operation.name, (this.counts.get(operation.name) ?? 0) + 1);
      this.log.push(`${this.step} ${operation.name}`);
      const last = this.log.length - 1;
      const began = Date.now();
      this.log[last] = `${this.log[last]} ${operation.act()}`;
      tellIfLong(operation.name, began);
      if (this.log.length > 2 * LOG_TAIL) this.log.splice(0, LOG_TAIL);
    }
    this.reopen();
    this.compare(this.options.file, 0, MAX_SIZE + 1, fs.readSync(this.fd, this.scratch, 0, MAX_SIZE + 1, 0));
    fs.closeSync(this.fd);
    fs.unlinkSync(this.options.file);
  }

  /** The last operations, the oldest first. */
  tail(): readonly string[] {
    return this.log.slice(-LOG_TAIL);
  }

  summary(): string {
    return [...this.counts].map(([name, count]) => `${count} ${name}`).join(', ');
  }

  /** A range that starts in or a little behind what may be the file, and does not pass its greatest size. */
  private range(): { offset: number; length: number } {
    let offset = this.random(MAX_SIZE - 1);
    if (this.random(4) === 0) offset -= offset % (4 * KIB);
    // Small ones as often as large: both the edges of pages and many pages at once are wanted.
    const most = this.random(2) === 0 ? MAX_IO : KIB;
    return { offset, length: 1 + this.random(Math.min(most, MAX_SIZE - offset)) };
  }

  /** Bytes that tell the step that wrote them, put into the model; the file's size grows with them. */
  private put(offset: number, length: number): Buffer {
    const data = this.model.subarray(offset, offset + length);
    const base = this.random(256);
    for (let i = 0; i < length; i++) data[i] = (base + i + (i >> 8)) & 0xff;
    this.size = Math.max(this.size, offset + length);
    return data;
  }

  private write(): string {
    const { offset, length } = this.range();
    this.writeAll(this.fd, this.put(offset, length), offset);
    return `${offset}+${length}`;
  }

  private writeAll(fd: number, data: Buffer, offset: number | null): void {
    const done = fs.writeSync(fd, data, 0, data.length, offset);
    if (done !== data.length) throw new Difference(`wrote ${done} bytes of ${data.length}`);
  }

  private read(fd: number): string {
    const { offset, length } = this.range();
    this.compare('read', offset, length, fs.readSync(fd, this.scratch, 0, length, offset));
    return `${offset}+${length}`;
  }

  private compare(what: string, offset: number, length: number, got: number): void {
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    if (got !== wanted)
      throw new Difference(`${what}: ${got} bytes at ${offset}, not ${wanted} (size ${this.size})`);
    const expected = this.model.subarray(offset, offset + wanted);
    if (this.scratch.compare(expected, 0, wanted, 0, got) === 0) return;
    let at = 0;
    while (this.scratch[at] === expected[at]) at++;
    let wrong = 0;
    for (let i = at; i < wanted; i++) if (this.scratch[i] !== expected[i]) wrong++;
    const values = `${this.scratch[at]}, not ${expected[at]}`;
    throw new Difference(
      `${what}: byte ${offset + at} is ${values}; ${wrong} bytes of ${offset}+${wanted} differ`,
    );
  }

  private append(): string {
    const length = Math.min(1 + this.random(KIB * 4), MAX_SIZE - this.size);
    if (length === 0) return 'nothing: full';
    const fd = fs.openSync(this.options.file, O_WRONLY | O_APPEND);
    this.writeAll(fd, this.put(this.size, length), null);
    fs.closeSync(fd);
    return `+${length} to ${this.size}`;
  }

  private truncate(): string {
    const from = this.size;
    this.size = this.random(MAX_SIZE + 1);
    if (this.size < from) this.model.fill(0, this.size, from);
    if (this.random(2) === 0) fs.ftruncateSync(this.fd, this.size);
    else fs.truncateSync(this.options.file, this.size);
    return `${from} to ${this.size}`;
  }

  private stat(): string {
    const { size } = this.random(2) === 0 ? fs.fstatSync(this.fd) : fs.statSync(this.options.file);
    if (size !== this.size) throw new Difference(`stat: size ${size}, not ${this.size}`);
    return `${size}`;
  }

  private sync(): string {
    if (this.random(2) === 0) fs.fsyncSync(this.fd);
    else fs.fdatasyncSync(this.fd);
    return '';
  }

  private reopen(): string {
    fs.closeSync(this.fd);
    this.fd = fs.openSync(this.options.file, O_RDWR);
    return '';
  }

  private rename(): string {
    const aside = `${this.options.file}.renamed`;
    fs.renameSync(this.options.file, aside);
    this.read(this.fd);
    fs.renameSync(aside, this.options.file);
    return 'there and back';
  }

  /** Reads past the page cache. */
  private directRead(): string {
    const fd = fs.openSync(this.options.file, O_RDONLY | O_DIRECT);
    const block = 4 * KIB;
    const offset = block * this.random(MAX_SIZE / block);
    const length = block * (1 + this.random(MAX_IO / block));
    this.compare('direct read', offset, length, fs.readSync(fd, this.scratch, 0, length, offset));
    fs.closeSync(fd);
    return `${offset}+${length}`;
  }

  /** What this mount has closed, another that opens afterwards sees (close-to-open). */
  private otherRead(): string {
    this.reopen();
    const fd = fs.openSync(this.options.other ?? '', O_RDONLY);
    const length = fs.readSync(fd, this.scratch, 0, MAX_SIZE + 1, 0);
    this.compare('read by the other mount', 0, MAX_SIZE + 1, length);
    fs.closeSync(fd);
    return `${length}`;
  }

  private otherWrite(): string {
    fs.closeSync(this.fd);
    const fd = fs.openSync(this.options.other ?? '', O_RDWR);
    const { offset, length } = this.range();
    this.writeAll(fd, this.put(offset, length), offset);
    fs.closeSync(fd);
    this.fd = fs.openSync(this.options.file, O_RDWR);
    return `${offset}+${length}`;
  }

  private dropCaches(): string {
    fs.fsyncSync(this.fd);
    fs.writeFileSync('/proc/sys/vm/drop_caches', '3');
    return '';
  }

  private allocate(punch: boolean): string {
    const { offset, length } = this.range();
    const args = [
      ...(punch ? ['--punch-hole'] : []),
      '--offset',
      `${offset}`,
      '--length',
      `${length}`,
      this.options.file,
    ];
    const done = spawnSync('fallocate', args, { encoding: 'utf8', timeout: FALLOCATE_LIMIT_MS });
    if (done.status !== 0) {
      if (done.stderr.includes('not supported')) return 'not supported';
      throw new Difference(`fallocate ${args.join(' ')}: ${done.stderr.trim()}`);
    }
    if (punch) this.model.fill(0, offset, Math.min(offset + length, this.size));
    else this.size = Math.max(this.size, offset + length);
    return `${offset}+${length}`;
  }

  private spoil(): void {
    if (this.size === 0) return;
    const at = this.random(this.size);
    const fd = fs.openSync(this.options.file, O_RDWR);
    fs.writeSync(fd, Buffer.from([(this.model[at] ?? 0) ^ 1]), 0, 1, at);
    fs.closeSync(fd);
  }
}

function options(): FsxOptions | undefined {
  const { values } = parseArgs({
    options: {
      file: { type: 'string' },
      steps: { type: 'string', default: '10000' },
      seed: { type: 'string' },
      other: { type: 'string' },
      direct: { type: 'boolean', default: false },
      'drop-caches': { type: 'boolean', default: false },
      fallocate: { type: 'boolean', default: false },
      spoil: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || values.file === undefined) return undefined;
  const steps = Number(values.steps);
  const seed = values.seed === undefined ? Date.now() % 2 ** 32 : Number(values.seed);
  if (!Number.isSafeInteger(steps) || steps < 1) throw new Error('--steps wants a number above 0');
  if (!Number.isSafeInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw new Error('--seed wants a number of 32 bits');
  return {
    file: values.file,
    steps,
    seed,
    other: values.other,
    direct: values.direct,
    dropCaches: values['drop-caches'],
    fallocate: values.fallocate,
    spoil: values.spoil === undefined ? undefined : Number(values.spoil),
  };
}

function main(): number {
  const chosen = options();
  if (chosen === undefined) {
    console.log(help);
    return USAGE;
  }
  console.log(`seed ${chosen.seed}, ${chosen.steps} steps`);
  const fsx = new Fsx(chosen);
  try {
    fsx.run();
  } catch (error) {
    console.error(fsx.tail().join('\n'));
    const what = error instanceof Difference ? `difference: ${error.message}` : String(error);
    console.error(`fsx: seed ${chosen.seed}: ${what}`);
    return error instanceof Difference ? DIFFERS : FAILED;
  }
  console.log(fsx.summary());
  console.log(`seed ${chosen.seed}, ${chosen.steps} steps, no difference`);
  return 0;
}

if (process.argv[1] === import.meta.filename) process.exitCode = main();
