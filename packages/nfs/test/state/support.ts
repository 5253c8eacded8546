import type { Clock, EngineEvent, Randomness, StateStore } from '../../src/contracts.ts';
import { DEFAULT_LIMITS } from '../../src/limits.ts';
import { Export } from '../../src/nfs4/exports.ts';
import { Client } from '../../src/nfs4/state/clients.ts';
import type { LockWaiter } from '../../src/nfs4/state/locks.ts';
import type { Session } from '../../src/nfs4/state/sessions.ts';
import { State } from '../../src/nfs4/state/state.ts';
import type { FileSystem } from '../../src/vfs/index.ts';

/** A clock that moves only when told to. */
export class TestClock implements Clock {
  #ms = 1_000_000;

  monotonic(): number {
    return this.#ms;
  }

  now(): number {
    return 1_700_000_000_000 + this.#ms;
  }

  advance(ms: number): void {
    this.#ms += ms;
  }
}

/** Bytes that count up: the same in every run. */
export class TestRandomness implements Randomness {
  #next = 1;

  bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count);
    for (let i = 0; i < count; i++) bytes[i] = this.#next++ & 0xff;
    return bytes;
  }
}

export class TestStore implements StateStore {
  readonly records = new Map<string, Buffer>();

  load(): Iterable<readonly [string, Buffer]> {
    return [...this.records];
  }
  put(key: string, value: Buffer): void {
    this.records.set(key, value);
  }
  delete(key: string): void {
    this.records.delete(key);
  }
  stable(): void {}
}

export const LEASE_MS = 90_000;
export const GRACE_MS = 60_000;

/** A state engine alone, without sockets or files. */
export class Bench {
  readonly clock = new TestClock();
  readonly events: EngineEvent[] = [];
  readonly notified: LockWaiter[] = [];
  readonly store: TestStore;
  readonly state: State;
  readonly export = testExport();

  constructor(store: TestStore = new TestStore()) {
    this.store = store;
    this.state = new State({
      clock: this.clock,
      randomness: new TestRandomness(),
      limits: DEFAULT_LIMITS,
      emit: (event) => this.events.push(event),
      store,
      instance: 1,
      stateidInstance: 7,
      leaseMs: LEASE_MS,
      graceMs: GRACE_MS,
      notifyLock: (waiter) => this.notified.push(waiter),
    });
    this.state.grace.start(store.load());
  }

  client(owner: string): Client {
    const client = new Client({
      instance: 1,
      number: this.state.clients.allocate(),
      owner: Buffer.from(owner),
      verifier: Buffer.alloc(8),
      principal: { flavor: 1, uid: 0 },
      remoteAddress: '127.0.0.1',
      monotonic: this.clock.monotonic(),
      now: this.clock.now(),
      leaseMs: LEASE_MS,
    });
    this.state.clients.addUnconfirmed(client);
    return client;
  }

  confirmed(owner: string): Client {
    const client = this.client(owner);
    this.state.clients.confirm(client);
    return client;
  }

  session(client: Client, flags = 0): Session {
    const channel = {
      headerPad: 0,
      maxRequest: 4096,
      maxResponse: 4096,
      maxResponseCached: 1024,
      maxOperations: 8,
      maxRequests: 4,
    };
    return this.state.sessions.create(client, {
      minor: 1,
      fore: channel,
      back: channel,
      flags,
      callbackProgram: 0x40000000,
      callbackSecurity: [],
    });
  }

  /** An open of the file called `name`. */
  open(client: Client, owner: string, name: string, access: number, deny = 0) {
    return this.state.opens.open(client, owner, this.export, fileNode(name), access, deny);
  }
}

const nodes = new Map<string, { readonly name: string }>();

export function fileNode(name: string): object {
  let node = nodes.get(name);
  if (node === undefined) {
    node = { name };
    nodes.set(name, node);
  }
  return node;
}

function testExport(): Export {
  const fileSystem: Pick<FileSystem<{ readonly name: string }>, 'handle' | 'retain' | 'release'> = {
    handle: (node) => Buffer.from(node.name),
    retain: () => {},
    release: () => {},
  };
  return new Export({
    id: 1,
    path: '/t',
    fileSystem: { ...fileSystem, abilities: {} } as unknown as FileSystem,
  });
}
