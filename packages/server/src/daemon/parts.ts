import type { FileSystem, NfsServer, NfsServerOptions, StateStore } from '@dfs/nfs';

/** Small values that the daemon keeps with the data: its shares, later its settings. */
export interface Records {
  get(key: string): Promise<Buffer | undefined>;
  /** All whose key begins with `prefix`, in the order of their keys. */
  list(prefix: string): Promise<ReadonlyArray<readonly [key: string, value: Buffer]>>;
  put(key: string, value: Buffer): void;
  delete(key: string): void;
  /** Resolves when everything so far would survive a loss of power. */
  stable(): Promise<void>;
}

/** Who owns the top directory of a share that is made, and its mode. */
export interface RootOwner {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export type OpenFileSystem = FileSystem & { close(): Promise<void> };

/** One data directory (or memory), as storage offers it. Used by one server at a time. */
export interface DataStore {
  readonly stateStore: StateStore;
  readonly records: Records;
  /** Opens the share's file system; makes it, with this root directory, where it is missing. */
  openShare(id: number, owner: RootOwner): Promise<OpenFileSystem>;
  close(): Promise<void>;
}

/** What the daemon is made of. Tests bring their own. */
export interface Parts {
  openData(directory: string): Promise<DataStore>;
  openMemory(): Promise<DataStore>;
  createNfsServer(options: NfsServerOptions): Promise<NfsServer>;
}
