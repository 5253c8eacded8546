import { createHash, randomBytes } from 'node:crypto';
import type { NewConsoleSession, Role } from '@dfs/api';
import type { Records } from '@dfs/storage';
import { OneAtATime } from '../daemon/one-at-a-time.ts';
import { notKept } from '../rest/refusal.ts';

/** Browsers signed in at one time; the one that signed in first makes room. */
export const MAX_CONSOLE_SESSIONS = 64;
/** Links that wait to be used; the oldest makes room. */
export const MAX_CONSOLE_LINKS = 16;

const PREFIX = 'console/';
const SECRET_BYTES = 32;
const ID_BYTES = 6;
const MINUTE_MS = 60_000;
/** A browser is signed out after this long, whatever it does. */
export const SESSION_MS = 24 * 60 * MINUTE_MS;
/** A link that was asked for. */
export const LINK_MS = 10 * MINUTE_MS;
/** The link that a start prints: people come back to a terminal. */
export const START_LINK_MS = 60 * MINUTE_MS;

/** As it is kept: never the secrets, only their hashes. Random secrets of 256 bits need no slow hash. */
interface SessionRecord {
  readonly id: string;
  readonly role: Role;
  /** sha256 of the cookie's and of the key's half, hexadecimal. */
  readonly cookieHash: string;
  readonly keyHash: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

interface Link {
  readonly role: Role;
  readonly expiresAt: number;
}

export interface ConsoleCaller {
  readonly id: string;
  readonly role: Role;
  readonly expiresAt: number;
}

/**
 * Who is signed in to the console. A session has two halves, and a request needs both: the cookie, which no script can read, and a key in the
 * page's own storage, which is not sent by itself. Browsers share the cookies of 127.0.0.1 among all ports, storage never: another program's
 * page on this machine is sent the cookie and can do nothing with it.
 */
export class ConsoleSessions {
  readonly #records: Records;
  readonly #now: () => number;
  readonly #byCookie = new Map<string, SessionRecord>();
  readonly #links = new Map<string, Link>();
  readonly #changes = new OneAtATime();
  /** How often all were signed out. */
  #cleared = 0;

  constructor(records: Records, now: () => number = Date.now) {
    this.#records = records;
    this.#now = now;
    for (const [key, value] of [...records.list(PREFIX)]) {
      const record = parse(value);
      // Who cannot be understood is signed out, which costs a sign-in.
      if (record === undefined || record.expiresAt <= now()) records.delete(key);
      else this.#byCookie.set(record.cookieHash, record);
    }
  }

  get size(): number {
    return this.#byCookie.size;
  }

  /** A secret that {@link signIn} takes once, for `ms` milliseconds. */
  createLink(role: Role, ms: number): { readonly secret: string; readonly expiresAt: number } {
    const secret = newSecret();
    const expiresAt = this.#now() + ms;
    this.#links.set(hashOf(secret), { role, expiresAt });
    trim(this.#links, MAX_CONSOLE_LINKS);
    return { secret, expiresAt };
  }

  /** Uses a link up; undefined where it is none, is used already, or too old. Kept before this resolves; where it cannot be kept, the link is as before. */
  async signIn(secret: string): Promise<(NewConsoleSession & { readonly cookie: string }) | undefined> {
    const hash = hashOf(secret);
    const link = this.#links.get(hash);
    // Used by the first who comes, whatever becomes of that meanwhile.
    this.#links.delete(hash);
    if (link === undefined || link.expiresAt <= this.#now()) return undefined;
    const cleared = this.#cleared;
    try {
      return await this.#changes.run(() => this.#begin(link.role, cleared));
    } catch (error) {
      if (cleared === this.#cleared) this.#links.set(hash, link);
      trim(this.#links, MAX_CONSOLE_LINKS);
      throw error;
    }
  }

  async #begin(
    role: Role,
    cleared: number,
  ): Promise<(NewConsoleSession & { readonly cookie: string }) | undefined> {
    const now = this.#now();
    const [cookie, key] = [newSecret(), newSecret()];
    const record: SessionRecord = {
      id: randomBytes(ID_BYTES).toString('hex'),
      role,
      cookieHash: hashOf(cookie),
      keyHash: hashOf(key),
      createdAt: now,
      expiresAt: now + SESSION_MS,
    };
    this.#put(record);
    const beyond = this.#byCookie.size + 1 - MAX_CONSOLE_SESSIONS;
    const making = [...this.#byCookie.values()].slice(0, Math.max(0, beyond));
    for (const gone of making) this.#records.delete(PREFIX + gone.id);
    try {
      await this.#records.stable();
    } catch (error) {
      this.#records.delete(PREFIX + record.id);
      // Not those who have signed out meanwhile.
      for (const gone of making) if (this.#byCookie.has(gone.cookieHash)) this.#put(gone);
      throw error;
    }
    for (const gone of making) this.#byCookie.delete(gone.cookieHash);
    if (cleared !== this.#cleared) {
      this.#records.delete(PREFIX + record.id);
      return undefined;
    }
    this.#byCookie.set(record.cookieHash, record);
    return { role, expires_at: new Date(record.expiresAt).toISOString(), key, cookie };
  }

  /** The session that both halves belong to, while it lasts. */
  find(cookie: string, key: string): ConsoleCaller | undefined {
    const record = this.#byCookie.get(hashOf(cookie));
    if (record === undefined || record.keyHash !== hashOf(key)) return undefined;
    if (record.expiresAt > this.#now()) return record;
    this.#end(record);
    return undefined;
  }

  /** Ends it at once, also where that cannot be kept. */
  async signOut(id: string): Promise<void> {
    for (const record of this.#byCookie.values()) if (record.id === id) this.#end(record);
    await this.#kept('the session has ended');
  }

  /** Links as well. Asked again where it could not be kept, this waits for that. */
  async signOutAll(): Promise<void> {
    this.#cleared++;
    this.#links.clear();
    for (const record of [...this.#byCookie.values()]) this.#end(record);
    await this.#kept('all sessions have ended');
  }

  async #kept(ended: string): Promise<void> {
    try {
      await this.#records.stable();
    } catch (error) {
      throw notKept(ended, error);
    }
  }

  #put(record: SessionRecord): void {
    this.#records.put(PREFIX + record.id, Buffer.from(JSON.stringify(record)));
  }

  #end(record: SessionRecord): void {
    this.#byCookie.delete(record.cookieHash);
    this.#records.delete(PREFIX + record.id);
  }
}

/** What is compared are hashes, so the time it takes tells nothing of the secret. */
function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** Takes out the first ones, and answers them. */
function trim<V>(map: Map<string, V>, most: number): V[] {
  const gone: V[] = [];
  for (const [key, value] of map) {
    if (map.size <= most) break;
    map.delete(key);
    gone.push(value);
  }
  return gone;
}

function parse(value: Buffer): SessionRecord | undefined {
  try {
    const record = JSON.parse(value.toString('utf8')) as Partial<SessionRecord>;
    const { id, role, cookieHash, keyHash, createdAt, expiresAt } = record;
    const texts = [id, cookieHash, keyHash].every((text) => typeof text === 'string');
    const times = [createdAt, expiresAt].every((time) => typeof time === 'number');
    return texts && times && (role === 'read' || role === 'admin') ? (record as SessionRecord) : undefined;
  } catch {
    return undefined;
  }
}
