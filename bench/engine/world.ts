import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ANONYMOUS_STATEID,
  CreateMode,
  NfsClient,
  OpenClaim,
  OpenWant,
  ops,
  type Session,
  ShareAccess,
  type Stateid,
  statusName,
} from '../../packages/nfs/src/client/index.ts';
import { createNfsServer, type NfsServer } from '../../packages/nfs/src/server.ts';
import { TcpNfsServer } from '../../packages/nfs/src/tcp-server.ts';
import type { FileSystem } from '../../packages/nfs/src/vfs/index.ts';
import {
  type DataDirectory,
  type Durability,
  openDataDirectory,
  openMemoryDirectory,
  type ShareFileSystem,
  type StorageLimits,
} from '../../packages/storage/src/index.ts';
import { type Batch, Wire } from './wire.ts';

const ROOT = { uid: 0, gid: 0, mode: 0o777 };
const LEASE_SECONDS = 3600;
/** Slots for requests on wires: the client itself takes the lowest that is free. */
export const WIRE_SLOTS: readonly number[] = Array.from({ length: 8 }, (_, i) => 16 + i);

export interface OpenedFile {
  readonly handle: Buffer;
  readonly stateid: Stateid;
}

/** A server in this process, its file system and a session. */
export class World {
  readonly server: NfsServer;
  readonly fileSystem: ShareFileSystem;
  readonly session: Session;
  readonly root: Buffer;
  readonly #directory: DataDirectory;
  readonly #folder: string | undefined;

  private constructor(
    parts: { server: NfsServer; fileSystem: ShareFileSystem; session: Session; root: Buffer },
    directory: DataDirectory,
    folder: string | undefined,
  ) {
    this.server = parts.server;
    this.fileSystem = parts.fileSystem;
    this.session = parts.session;
    this.root = parts.root;
    this.#directory = directory;
    this.#folder = folder;
  }

  /** With its data on the disk, or in memory; sessions outlive the process where it is given a `durability`, on the disk. */
  static async start(
    where: 'disk' | 'memory',
    durability?: Durability,
    limits: Partial<StorageLimits> = {},
  ): Promise<World> {
    const folder = where === 'disk' ? await mkdtemp(join(tmpdir(), 'dfs-engine-')) : undefined;
    const directory =
      folder === undefined
        ? openMemoryDirectory({ limits })
        : await openDataDirectory(folder, { limits, ...(durability !== undefined && { durability }) });
    const fileSystem = await directory.openShare(1, ROOT);
    const server = await createNfsServer({
      shares: [{ id: 1, path: '/export', fileSystem: fileSystem as FileSystem, squash: 'none' }],
      leaseTime: LEASE_SECONDS,
      delegations: false,
      ...(durability !== undefined && { stateStore: directory.stateStore }),
    });
    const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
    const session = await NfsClient.start({ host: '127.0.0.1', port });
    const found = await session.run([ops.putrootfh(), ops.lookup('export'), ops.getfh()]);
    return new World({ server, fileSystem, session, root: found[2] }, directory, folder);
  }

  /** A connection without a network. */
  wire(): Wire {
    if (!(this.server instanceof TcpNfsServer)) throw new Error('not a server behind sockets');
    const wire = new Wire();
    this.server.accept(wire.asSocket());
    return wire;
  }

  async create(name: string): Promise<OpenedFile> {
    const opened = await this.session.run([
      ops.putfh(this.root),
      ops.open({
        access: ShareAccess.BOTH | OpenWant.NO_DELEG,
        owner: { clientId: this.session.client.clientId, owner: randomBytes(8) },
        create: { mode: CreateMode.UNCHECKED, attributes: { mode: 0o644 } },
        claim: { claim: OpenClaim.NULL, name },
      }),
      ops.getfh(),
    ]);
    return { handle: opened[2], stateid: opened[1].stateid };
  }

  async fill(handle: Buffer, bytes: number): Promise<void> {
    await this.session.run([ops.putfh(handle), ops.write(ANONYMOUS_STATEID, 0, Buffer.alloc(bytes, 7))]);
  }

  async stop(): Promise<void> {
    for (const connection of this.session.connections) connection.close();
    await this.server.close(0);
    await this.#directory.close();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Sends the batch so many times, each when the last one was answered. Throws where a reply is not NFS4_OK. */
export async function drive(wire: Wire, batch: Batch, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const due = wire.replies + batch.size;
    batch.send();
    if (wire.replies < due) await wire.answered(due);
    if (wire.failed !== 0) throw new Error(`answered with ${statusName(wire.failed)}`);
  }
}
