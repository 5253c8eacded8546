import fs from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { crc32 } from 'node:zlib';
import { codeOf } from '../host/errors.ts';
import { BackupError, readingEach } from './errors.ts';
import type { Digest } from './file-copy.ts';
import { CONTENT_FOLDER, isUnfinished, MANIFEST_DRAFT, MANIFEST_FILE, METADATA_FILE } from './folder.ts';

/** What a backup says of itself. */
export interface BackupSummary {
  /** The moment that it shows, ISO 8601, UTC. */
  readonly moment: string;
  readonly shares: readonly number[];
  readonly files: number;
  /** Of all files, holes among them. */
  readonly bytes: number;
  /** Entries of the metadata. */
  readonly records: number;
}

export interface ManifestFile extends Digest {
  /** Below the backup's folder. */
  readonly path: string;
}

const FORMAT = 1;
const TITLE = /^dfs backup, format (\d+)$/;
const FILE = new RegExp(
  `^([0-9a-f]{8}) (\\d{1,16}) (${METADATA_FILE}|${CONTENT_FOLDER}/\\d+(?:/[0-9a-f]+){3})$`,
);
const SUMMARY = 'summary ';
const END = /^end ([0-9a-f]{8})$/;
const HEX = 16;
const CRC_DIGITS = 8;
/** Characters that are gathered before they are written. */
const GATHER = 64 * 1024;
const MODE = 0o600;

const show = (crc: number) => crc.toString(HEX).padStart(CRC_DIGITS, '0');

/** A line for each file, then what they come to, then the sum of the lines. */
export class ManifestWriter {
  readonly #folder: string;
  readonly #file: fs.promises.FileHandle;
  #text = `dfs backup, format ${FORMAT}\n`;
  #crc = 0;
  /** The lines before these are written when it is. */
  #written: Promise<void> = Promise.resolve();

  private constructor(folder: string, file: fs.promises.FileHandle) {
    this.#folder = folder;
    this.#file = file;
  }

  static async create(folder: string): Promise<ManifestWriter> {
    return new ManifestWriter(folder, await fs.promises.open(join(folder, MANIFEST_DRAFT), 'w', MODE));
  }

  async add({ path, size, crc }: ManifestFile): Promise<void> {
    this.#text += `${show(crc)} ${size} ${path}\n`;
    if (this.#text.length >= GATHER) await this.#flush();
  }

  /** It is not the manifest yet: {@link publish} makes it that. */
  async end(summary: BackupSummary): Promise<void> {
    this.#text += `${SUMMARY}${JSON.stringify(summary)}\n`;
    await this.#flush();
    this.#text = `end ${show(this.#crc)}\n`;
    await this.#flush();
    await this.#file.sync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async publish(): Promise<void> {
    await fs.promises.rename(join(this.#folder, MANIFEST_DRAFT), join(this.#folder, MANIFEST_FILE));
  }

  async #flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    this.#crc = crc32(text, this.#crc);
    this.#written = this.#written.then(() => this.#file.appendFile(text));
    await this.#written;
  }
}

/** True where a backup has been made, or begun. */
export function isBackup(folder: string): boolean {
  return fs.existsSync(join(folder, MANIFEST_FILE)) || isUnfinished(folder, 'backup');
}

/**
 * Reads a manifest, whose every line is shown to `each`; answers the summary. Read once without effects before it is believed: only
 * at its end is known that it is whole.
 */
export async function readManifest(
  folder: string,
  each: (file: ManifestFile) => Promise<void> | void,
): Promise<BackupSummary> {
  requireWhole(folder);
  const path = join(folder, MANIFEST_FILE);
  const stream = fs.createReadStream(path, 'latin1');
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  let crc = 0;
  let number = 0;
  let summary: BackupSummary | undefined;
  try {
    for await (const line of readingEach(path, lines)) {
      const ended = END.exec(line);
      if (ended !== null) {
        if (ended[1] !== show(crc) || summary === undefined) break;
        return summary;
      }
      crc = crc32(`${line}\n`, crc);
      if (number++ === 0) requireFormat(folder, line);
      else if (line.startsWith(SUMMARY)) summary = parseSummary(line.slice(SUMMARY.length));
      else await each(parseFile(folder, line));
    }
  } finally {
    lines.close();
    stream.destroy();
  }
  throw damaged(folder, MANIFEST_FILE, 'is not whole');
}

function requireWhole(folder: string): void {
  if (fs.existsSync(join(folder, MANIFEST_FILE))) return;
  if (isUnfinished(folder, 'backup')) {
    throw new BackupError(
      'INCOMPLETE',
      `${folder} holds a backup that was interrupted`,
      'take another one, or run that backup again',
    );
  }
  throw new BackupError(
    'NOT_A_BACKUP',
    `${folder} is not a dfs backup`,
    'name the folder that dfs backup wrote',
  );
}

function requireFormat(folder: string, line: string): void {
  const format = TITLE.exec(line)?.[1];
  if (format === undefined) throw damaged(folder, MANIFEST_FILE, 'does not begin as one');
  if (Number(format) === FORMAT) return;
  throw new BackupError(
    'NOT_A_BACKUP',
    `${folder} has format ${format}, and this version of dfs knows format ${FORMAT}`,
    'use the version that wrote it, or a later one',
  );
}

function parseFile(folder: string, line: string): ManifestFile {
  const [, crc, size, path] = FILE.exec(line) ?? [];
  if (crc === undefined || size === undefined || path === undefined) {
    throw damaged(folder, MANIFEST_FILE, 'has a line that is none');
  }
  return { path, size: Number(size), crc: Number.parseInt(crc, HEX) };
}

/** Its bytes are vouched for by the sum at the end, so what is in it is what was written. */
function parseSummary(text: string): BackupSummary | undefined {
  try {
    return JSON.parse(text) as BackupSummary;
  } catch {
    return undefined;
  }
}

export function damaged(folder: string, file: string, why: string, cause?: unknown): BackupError {
  return new BackupError(
    'DAMAGED',
    `${join(folder, file)} ${why}`,
    'this backup cannot be relied on: use another one; dfs check --data names all of its damage',
    cause,
  );
}

/** Why a file is not as the manifest has it; undefined where it is. */
export function difference(is: Digest | undefined, was: Digest): string | undefined {
  if (is === undefined) return 'is missing';
  if (is.size !== was.size) return `has ${is.size} bytes instead of ${was.size}`;
  return is.crc === was.crc ? undefined : 'is not as it was written: its checksum differs';
}

/** Undefined where there is no such file. */
export async function orMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
