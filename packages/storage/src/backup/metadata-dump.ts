import fs from 'node:fs';
import { join } from 'node:path';
import { BACKUP_PAGE } from '../limits.ts';
import { type Changes, type Key, MAX_KEY_BYTES, type MetadataSnapshot } from '../metadata/store.ts';
import { readingEach } from './errors.ts';
import { METADATA_FILE } from './folder.ts';
import { damaged } from './manifest.ts';
import type { Task } from './task.ts';

const MODE = 0o600;
/** Length of the key, length of the value. */
const HEAD_BYTES = 2 + 4;
const FIRST_KEY = '\x00';
const PAST_ALL = '\xff'.repeat(MAX_KEY_BYTES);
const READ_BYTES = 256 * 1024;

/** Writes all entries of a moment that `wanted` takes, each shown to `seen`. Answers how many. */
export async function dumpMetadata(
  snapshot: MetadataSnapshot,
  folder: string,
  task: Task,
  wanted: (key: Key) => boolean,
): Promise<number> {
  const file = await fs.promises.open(join(folder, METADATA_FILE), 'w', MODE);
  let count = 0;
  try {
    for (let from: Key = FIRST_KEY; ; ) {
      const page = snapshot.scan(from, PAST_ALL, BACKUP_PAGE);
      const parts: Buffer[] = [];
      for (const { key, value } of page) {
        if (!wanted(key)) continue;
        count++;
        const head = Buffer.allocUnsafe(HEAD_BYTES + key.length);
        head.writeUInt16BE(key.length, 0);
        head.writeUInt32BE(value.length, 2);
        head.write(key, HEAD_BYTES, 'latin1');
        parts.push(head, value);
      }
      const bytes = Buffer.concat(parts);
      await file.appendFile(bytes);
      await task.moved(bytes.length);
      const last = page.at(-1);
      if (last === undefined || page.length < BACKUP_PAGE) return count;
      from = `${last.key}\x00`;
    }
  } finally {
    await file.close();
  }
}

/** Hands over the entries of a dump, some thousands at a time. DAMAGED where it does not end with an entry. */
export async function readDump(folder: string, commit: (changes: Changes) => Promise<void>): Promise<number> {
  const path = join(folder, METADATA_FILE);
  const stream: AsyncIterable<Buffer> = fs.createReadStream(path, { highWaterMark: READ_BYTES });
  let rest: Buffer = Buffer.alloc(0);
  let entries = new Map<Key, Buffer>();
  let count = 0;
  for await (const chunk of readingEach(path, stream)) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (let end = endOf(rest, at); end !== undefined; end = endOf(rest, at)) {
      const valueAt = at + HEAD_BYTES + rest.readUInt16BE(at);
      entries.set(
        rest.toString('latin1', at + HEAD_BYTES, valueAt),
        Buffer.from(rest.subarray(valueAt, end)),
      );
      count++;
      at = end;
    }
    rest = rest.subarray(at);
    if (entries.size < BACKUP_PAGE) continue;
    await commit(entries);
    entries = new Map();
  }
  if (rest.length > 0) throw damaged(folder, METADATA_FILE, 'ends within an entry');
  if (entries.size > 0) await commit(entries);
  return count;
}

/** Where the entry at `at` ends; undefined where not all of it is there. */
function endOf(bytes: Buffer, at: number): number | undefined {
  if (at + HEAD_BYTES > bytes.length) return undefined;
  const end = at + HEAD_BYTES + bytes.readUInt16BE(at) + bytes.readUInt32BE(at + 2);
  return end <= bytes.length ? end : undefined;
}
