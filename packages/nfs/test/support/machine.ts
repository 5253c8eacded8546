import type { Session } from '../../src/client/index.ts';
import type { EngineEvent } from '../../src/contracts.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { ManualClock } from './fakes.ts';
import { MemoryFileSystem } from './memory-fs.ts';
import { JournaledStore } from './memory-journal.ts';
import type { TestServer, TestServerOptions } from './server.ts';

/** A machine whose server is killed and started again over the same files and what was flushed to the journal. */
export class Machine {
  readonly fileSystem: FileSystem;
  readonly clock = new ManualClock();
  store = new JournaledStore();
  server: TestServer;
  readonly #start: (options: TestServerOptions) => Promise<TestServer>;
  readonly #options: TestServerOptions;

  private constructor(
    start: (options: TestServerOptions) => Promise<TestServer>,
    fileSystem: FileSystem,
    server: TestServer,
    store: JournaledStore,
    options: TestServerOptions,
  ) {
    this.#start = start;
    this.fileSystem = fileSystem;
    this.server = server;
    this.store = store;
    this.#options = options;
  }

  static async on(
    start: (options: TestServerOptions) => Promise<TestServer>,
    options: TestServerOptions = {},
  ): Promise<Machine> {
    const fileSystem = new MemoryFileSystem() as FileSystem;
    const stateStore = new JournaledStore();
    const server = await start({ fileSystem, stateStore, ...options });
    return new Machine(start, fileSystem, server, stateStore, options);
  }

  /** Ends the server without a word, and starts the next one; `power` is lost, too, where that is said. */
  async kill(power = false): Promise<TestServer> {
    const left = this.store.killed();
    // Of the old server nothing is seen any more: the next works on what was left at this moment.
    await this.server.stop();
    if (power) left.journal = new JournaledStore().journal;
    this.store = left;
    this.server = await this.#start({ fileSystem: this.fileSystem, stateStore: left, ...this.#options });
    return this.server;
  }

  events(type: EngineEvent['type']): EngineEvent[] {
    return this.server.events.filter((event) => event.type === type);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
  }
}

/** The client goes on with the server that is there now. */
export function follow(session: Session, server: TestServer): void {
  Object.assign(session.client.options, { port: server.port });
}
