import { join } from 'node:path';
import { LocalContentStore, openFilesCache } from '../content/index.ts';
import { CONTENT_FOLDER } from '../directory/layout.ts';
import { onUnserved } from '../directory/unserved.ts';
import { key32, Table } from '../file-system/keys.ts';
import { DEFAULT_STORAGE_LIMITS } from '../limits.ts';
import type { MetadataStore } from '../metadata/index.ts';
import { type CheckPhase, checkShare } from './check-share.ts';
import { Findings } from './finding.ts';
import { Repairs } from './repair.ts';

/** Mending may bring to light what was hidden before: it is checked again, at most so often. */
const MAX_ROUNDS = 10;

export interface CheckOptions {
  readonly onProgress?: (share: number, phase: CheckPhase, done: number) => void;
  /** Asked once when there is something to mend; nothing is changed where it is absent or says no. */
  readonly mayRepair?: (findings: Findings) => Promise<boolean>;
}

export interface CheckResult {
  /** Numbers of the shares that were looked at. */
  readonly shares: readonly number[];
  /** As found at first. */
  readonly findings: Findings;
  /** What was left after mending; undefined where nothing was mended. */
  readonly afterRepair: Findings | undefined;
}

/**
 * Verifies a data directory that no server uses: every record against the others, and the content against the records. Refusals
 * are DataDirectoryErrors: LOCKED where a server has it, NOT_A_DATA_DIRECTORY, UNKNOWN_FORMAT, UNUSABLE.
 */
export function checkDataDirectory(path: string, options: CheckOptions = {}): Promise<CheckResult> {
  return onUnserved(path, (metadata) => new DirectoryCheck(path, metadata, options).run());
}

class DirectoryCheck {
  readonly #path: string;
  readonly #metadata: MetadataStore;
  readonly #options: CheckOptions;
  readonly #shares: readonly number[];

  constructor(path: string, metadata: MetadataStore, options: CheckOptions) {
    this.#path = path;
    this.#metadata = metadata;
    this.#options = options;
    this.#shares = sharesOf(metadata);
  }

  async run(): Promise<CheckResult> {
    const findings = await this.#round(undefined);
    const shares = this.#shares;
    const mendable = findings.damage + (findings.counts.get('CONTENT_STRAY') ?? 0) > 0;
    const asked = mendable && (await this.#options.mayRepair?.(findings)) === true;
    if (!asked) return { shares, findings, afterRepair: undefined };
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const repairs = new Map<number, Repairs>();
      await this.#round(repairs);
      const waiting = [...repairs.values()].filter(({ size }) => size > 0);
      if (waiting.length === 0) break;
      for (const repair of waiting) await repair.apply();
    }
    return { shares, findings, afterRepair: await this.#round(undefined) };
  }

  async #round(repairs: Map<number, Repairs> | undefined): Promise<Findings> {
    const findings = new Findings();
    const { onProgress } = this.#options;
    const files = openFilesCache(DEFAULT_STORAGE_LIMITS.openFiles);
    for (const share of this.#shares) {
      const content = new LocalContentStore(join(this.#path, CONTENT_FOLDER, share.toString()), files);
      try {
        const repair = repairs === undefined ? undefined : new Repairs(share, this.#metadata, content);
        if (repair !== undefined) repairs?.set(share, repair);
        await checkShare({
          share,
          metadata: this.#metadata,
          content,
          findings,
          ...(repair !== undefined && { repairs: repair }),
          ...(onProgress !== undefined && { onProgress }),
        });
      } finally {
        content.close();
      }
    }
    return findings;
  }
}

/** All shares that have a record of their own, by looking from one number to the next. */
function sharesOf(metadata: MetadataStore): number[] {
  const shares: number[] = [];
  for (let from = key32(1); ; ) {
    const [entry] = metadata.scan(from, '\xff\xff\xff\xff\xff', 1);
    if (entry === undefined) return shares;
    const prefix = entry.key.slice(0, key32(0).length);
    const share = Buffer.from(prefix, 'latin1').readUInt32BE();
    if (metadata.get(prefix + Table.SUPERBLOCK) !== undefined) shares.push(share);
    from = `${prefix}\xff`;
  }
}
