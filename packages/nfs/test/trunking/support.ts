import { ops, type RpcConnection, type Session } from '../../src/client/index.ts';
import type { EngineEvent } from '../../src/contracts.ts';
import type { ConnectionView, SessionView } from '../../src/control.ts';
import { type FileSystem, FileType } from '../../src/vfs/index.ts';
import { MemoryFileSystem } from '../support/memory-fs.ts';
import type { TestServer } from '../support/server.ts';

/** The session as the operator sees it. */
export function seen(server: TestServer, session: Session): SessionView {
  const view = server.server.control.session(session.id.toString('hex'));
  if (view === undefined) throw new Error('the operator does not see the session');
  return view;
}

/** The server's view of a connection of the client's. */
export function sideOf(server: TestServer, connection: RpcConnection): ConnectionView {
  const { localPort } = connection.socket;
  const found = server.server.control.connections().find(({ remote }) => remote === `127.0.0.1:${localPort}`);
  if (found === undefined) throw new Error(`no connection from port ${localPort}`);
  return found;
}

export function eventsOf<Type extends EngineEvent['type']>(
  server: TestServer,
  type: Type,
): Extract<EngineEvent, { type: Type }>[] {
  return server.events.filter((event): event is Extract<EngineEvent, { type: Type }> => event.type === type);
}

export const reasons = (server: TestServer): string[] =>
  eventsOf(server, 'unbound').map(({ reason }) => reason);

/** A file system that makes directories only when the gate is open: a request can be held while something else happens. */
export class Gate {
  readonly fileSystem: FileSystem;
  /** Requests that have reached the gate, and those that are through. */
  reached = 0;
  passed = 0;
  readonly #open = Promise.withResolvers<void>();

  constructor() {
    const inner = new MemoryFileSystem() as FileSystem;
    const create = inner.createObject.bind(inner);
    inner.createObject = async (...args) => {
      this.reached++;
      await this.#open.promise;
      this.passed++;
      return create(...args);
    };
    this.fileSystem = inner;
  }

  release(): void {
    this.#open.resolve();
  }
}

/** CREATE of a directory, which a {@link Gate} holds. */
export const mkdir = (name: string) => ops.create({ type: FileType.DIRECTORY }, name, { mode: 0o755 });
