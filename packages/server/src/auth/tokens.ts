import { createHash, randomBytes } from 'node:crypto';
import type { NewToken, Role, Token, TokenRequest } from '@dfs/api';
import type { Records } from '@dfs/storage';
import { damagedRecord, parseRecord } from '../daemon/kept-record.ts';
import { OneAtATime } from '../daemon/one-at-a-time.ts';
import { HTTP, notFound, notKept, Refusal } from '../rest/refusal.ts';

/** Tokens of one server. */
export const MAX_TOKENS = 1000;

const PREFIX = 'token/';
/** Makes a secret that lies around somewhere easy to recognize. */
const SECRET_PREFIX = 'dfs_';
const SECRET_BYTES = 32;
const ID_BYTES = 6;
const MS = 1000;
/** The last use is kept this exactly: an answer must not cost a write. */
const USE_RESOLUTION_MS = 60_000;

/** As it is kept: never the secret, only its hash. A random secret of 256 bits needs no slow hash. */
interface TokenRecord {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** sha256 of the secret, hexadecimal. */
  readonly hash: string;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expiresAt: number | null;
  lastUsedAt: number | null;
}

/** Who may use the API over TCP. */
export class Tokens {
  readonly #records: Records;
  readonly #now: () => number;
  /** By hash: what is compared is not the secret, so the time it takes tells nothing. */
  readonly #byHash = new Map<string, TokenRecord>();
  /** Ids of those that are revoked, of which it is not known that this is kept. */
  readonly #ending = new Set<string>();
  readonly #changes = new OneAtATime();

  constructor(records: Records, now: () => number = Date.now) {
    this.#records = records;
    this.#now = now;
    for (const [key, value] of records.list(PREFIX)) {
      const record = parse(value);
      if (record === undefined) throw damagedRecord(key);
      this.#byHash.set(record.hash, record);
    }
  }

  get size(): number {
    return this.#byHash.size;
  }

  list(): Token[] {
    return [...this.#byHash.values()].sort((a, b) => a.createdAt - b.createdAt).map(show);
  }

  /** Kept before this resolves, and good from then on; where it cannot be kept, there is none. */
  create(request: TokenRequest, who: string): Promise<NewToken> {
    return this.#changes.run(async () => {
      this.#checkNew(request);
      const secret = SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64url');
      const record = this.#newRecord(request, who, secret);
      this.#keep(record);
      try {
        await this.#records.stable();
      } catch (error) {
        // What only waits for the disk would be kept although it was refused.
        this.#records.delete(PREFIX + record.id);
        throw error;
      }
      this.#byHash.set(record.hash, record);
      return { ...show(record), token: secret };
    });
  }

  /**
   * Ends it at once; kept before this resolves. It has ended too where that cannot be kept: somebody else may have it. Asked again, this waits
   * for that.
   */
  async revoke(id: string): Promise<void> {
    const record = [...this.#byHash.values()].find((token) => token.id === id);
    if (record === undefined && !this.#ending.has(id)) throw notFound(`token ${id}`);
    if (record !== undefined) this.#byHash.delete(record.hash);
    this.#ending.add(id);
    this.#records.delete(PREFIX + id);
    try {
      await this.#records.stable();
    } catch (error) {
      throw notKept(`token ${id} has ended`, error);
    }
    this.#ending.delete(id);
  }

  /** The token of this secret; undefined for a wrong one and for one that has expired. */
  find(secret: string): { readonly name: string; readonly role: Role } | undefined {
    const record = this.#byHash.get(hashOf(secret));
    const now = this.#now();
    if (record === undefined || (record.expiresAt !== null && record.expiresAt <= now)) return undefined;
    if (record.lastUsedAt === null || now - record.lastUsedAt >= USE_RESOLUTION_MS) {
      record.lastUsedAt = now;
      this.#keep(record);
    }
    return record;
  }

  #checkNew({ name }: TokenRequest): void {
    if (this.#byHash.size >= MAX_TOKENS) {
      throw new Refusal(HTTP.CONFLICT, 'too_many', `there are ${MAX_TOKENS} tokens already: revoke some`);
    }
    if ([...this.#byHash.values()].some((token) => token.name === name)) {
      throw new Refusal(
        HTTP.CONFLICT,
        'exists',
        `there is a token of the name ${JSON.stringify(name)} already`,
      );
    }
  }

  #newRecord({ name, role, expires_in_seconds }: TokenRequest, who: string, secret: string): TokenRecord {
    const now = this.#now();
    return {
      id: randomBytes(ID_BYTES).toString('hex'),
      name,
      role,
      hash: hashOf(secret),
      createdAt: now,
      createdBy: who,
      expiresAt: expires_in_seconds === undefined ? null : now + expires_in_seconds * MS,
      lastUsedAt: null,
    };
  }

  #keep(record: TokenRecord): void {
    this.#records.put(PREFIX + record.id, Buffer.from(JSON.stringify(record)));
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function show(record: TokenRecord): Token {
  const time = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return {
    id: record.id,
    name: record.name,
    role: record.role,
    created_at: new Date(record.createdAt).toISOString(),
    created_by: record.createdBy,
    last_used_at: time(record.lastUsedAt),
    expires_at: time(record.expiresAt),
  };
}

function parse(value: Buffer): TokenRecord | undefined {
  const record = parseRecord(value);
  if (typeof record !== 'object' || record === null) return undefined;
  const { id, name, role, hash, createdAt, createdBy, expiresAt, lastUsedAt } =
    record as Partial<TokenRecord>;
  const isTime = (time: unknown) => time === null || typeof time === 'number';
  if (typeof id !== 'string' || typeof name !== 'string' || typeof hash !== 'string') return undefined;
  if (role !== 'read' && role !== 'admin') return undefined;
  if (typeof createdAt !== 'number' || typeof createdBy !== 'string') return undefined;
  if (!isTime(expiresAt) || !isTime(lastUsedAt)) return undefined;
  return record as TokenRecord;
}
