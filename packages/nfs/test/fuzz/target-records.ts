import { fragmentHeader } from '../../src/client/index.ts';
import { RecordError, RecordSplitter } from '../../src/rpc/record.ts';
import type { Mutator } from './mutate.ts';
import { Finding } from './world.ts';

const LIMITS = { maxRecord: 2048, maxFragments: 12 };
const HEADER = 4;
const LAST = 0x80000000;

/** What a stream of bytes holds, told in the plainest way: the records, and whether it breaks a bound. */
function reference(stream: Buffer): { records: Buffer[]; broken: boolean } {
  const records: Buffer[] = [];
  let parts: Buffer[] = [];
  let size = 0;
  for (let at = 0; at + HEADER <= stream.length; ) {
    const word = stream.readUInt32BE(at);
    const length = word % LAST;
    if (size + length > LIMITS.maxRecord || parts.length + 1 > LIMITS.maxFragments)
      return { records, broken: true };
    const end = at + HEADER + length;
    if (end > stream.length) return { records, broken: false };
    parts.push(stream.subarray(at + HEADER, end));
    size += length;
    if (word >= LAST) {
      records.push(Buffer.concat(parts));
      parts = [];
      size = 0;
    }
    at = end;
  }
  return { records, broken: false };
}

function stream(mutator: Mutator): Buffer {
  if (mutator.chance(0.2)) return mutator.bytes(mutator.below(200));
  const parts: Buffer[] = [];
  for (let records = mutator.below(5); records >= 0; records--) {
    for (let fragments = mutator.below(4); fragments >= 0; fragments--) {
      const length = mutator.chance(0.1) ? mutator.below(2500) : mutator.below(60);
      parts.push(fragmentHeader(length, fragments === 0), Buffer.alloc(length, fragments));
    }
  }
  const whole = Buffer.concat(parts);
  return mutator.chance(0.5) ? whole : mutator.mutate(whole, []);
}

/** The record splitter against the plain reference, the stream cut anywhere. */
export function fuzzRecords(mutator: Mutator): void {
  const bytes = stream(mutator);
  const records: Buffer[] = [];
  const splitter = new RecordSplitter(LIMITS, (buffer, start, end) => {
    records.push(Buffer.from(buffer.subarray(start, end)));
  });
  let broken = false;
  try {
    for (let at = 0; at < bytes.length; ) {
      const step = mutator.chance(0.3) ? 1 + mutator.below(6) : 1 + mutator.below(bytes.length);
      splitter.push(Buffer.from(bytes.subarray(at, at + step)));
      at += step;
    }
  } catch (error) {
    if (!(error instanceof RecordError))
      throw new Finding('the splitter threw what is no RecordError', bytes, error);
    broken = true;
  }
  const due = reference(bytes);
  if (broken !== due.broken) throw new Finding(`splitter: broken ${broken}, due ${due.broken}`, bytes);
  if (
    records.length !== due.records.length ||
    !records.every((record, i) => record.equals(due.records[i]!))
  ) {
    throw new Finding(`splitter: ${records.length} records, due ${due.records.length}`, bytes);
  }
}
