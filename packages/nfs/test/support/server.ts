import {
  type ClientOptions,
  type CreateSessionOptions,
  Files,
  NfsClient,
  RpcConnection,
  type Session,
} from '../../src/client/index.ts';
import type { EngineEvent } from '../../src/contracts.ts';
import { createNfsServer, type NfsServer, type NfsServerOptions } from '../../src/server.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { MemoryFileSystem } from './memory-fs.ts';
import { TroubledFileSystem } from './troubled-fs.ts';

export const EXPORT = '/export';

/** A server for a test, on a port of its own. `await using` stops it, and its clients before it. */
export class TestServer {
  readonly server: NfsServer;
  readonly port: number;
  readonly events: EngineEvent[];
  readonly #clients: NfsClient[] = [];

  constructor(server: NfsServer, port: number, events: EngineEvent[]) {
    this.server = server;
    this.port = port;
    this.events = events;
  }

  /** Faults that the engine caught: a test that ends with one of them has found a bug. */
  get faults(): EngineEvent[] {
    return this.events.filter((event) => event.type === 'fault');
  }

  client(options: Partial<ClientOptions> = {}): NfsClient {
    const client = new NfsClient({ port: this.port, ...options });
    this.#clients.push(client);
    return client;
  }

  /** A client with a session, ready for use. */
  async session(options: Partial<ClientOptions> = {}, session: CreateSessionOptions = {}): Promise<Session> {
    const client = this.client(options);
    await client.exchangeId();
    const made = await client.createSession(session);
    await made.reclaimComplete();
    return made;
  }

  async files(options: Partial<ClientOptions> = {}, path: string = EXPORT): Promise<Files> {
    return Files.mount(await this.session(options), path);
  }

  connect(): Promise<RpcConnection> {
    return RpcConnection.connect({ port: this.port });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.server.close(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.faults.length > 0)
      throw new AggregateError(this.faults.map(faultOf), 'the engine caught faults');
  }
}

function faultOf(event: EngineEvent): unknown {
  return event.type === 'fault' ? event.error : undefined;
}

export interface TestServerOptions extends Partial<NfsServerOptions> {
  /** Served at /export; a new memory file system where absent. */
  readonly fileSystem?: FileSystem;
}

/** Starts a server on 127.0.0.1 with one share, root not squashed, and a lease of 10 s where the test says nothing else. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { fileSystem = new MemoryFileSystem() as FileSystem, onEvent, ...rest } = options;
  const events: EngineEvent[] = [];
  const server = await createNfsServer({
    shares: [{ id: 1, path: EXPORT, fileSystem, squash: 'none' }],
    leaseTime: 10,
    // The tests' client holds on to a delegation until it is told otherwise: only tests about them want any.
    delegations: false,
    ...rest,
    onEvent: (event) => {
      events.push(event);
      onEvent?.(event);
    },
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return new TestServer(server, port, events);
}

/** The two ways in which a file system may answer: each suite runs with both. */
export const FILE_SYSTEMS: readonly { readonly name: string; make(): FileSystem }[] = [
  { name: 'synchronous', make: () => new MemoryFileSystem() as FileSystem },
  {
    name: 'asynchronous',
    make: () => new TroubledFileSystem(new MemoryFileSystem(), { asynchronous: true }) as FileSystem,
  },
];
