import type { ShareRequest, ShareUpdate } from '@dfs/api';
import { SettingError } from '@dfs/api/settings';
import type { Control, NfsServer } from '@dfs/nfs';
import type { DataDirectory, Held, Quota, RootAttributes, ShareFileSystem, Stop } from '@dfs/storage';
import {
  clashes,
  clashMessage,
  clientNetwork,
  DEFAULT_TERMS,
  MAX_SHARES,
  type ShareSpec,
  sharePath,
} from '../config/share-spec.ts';
import { type FieldError, HTTP, notFound, Refusal, wrongFields } from '../rest/refusal.ts';
import { engineShare } from './engine-options.ts';
import { OneAtATime } from './one-at-a-time.ts';
import {
  dropShare,
  forgetShare,
  keptId,
  putShare,
  type RegisteredShare,
  takeNextId,
} from './share-registry.ts';
import { errorMessage } from './start-error.ts';
import { showStop } from './stopped-share.ts';

export type ShareAction = 'created' | 'updated' | 'deleted' | 'stopped' | 'started';

/** Told when a change is kept and served, and when the disk has failed a share. */
export type ShareListener = (action: ShareAction, share: RegisteredShare, who: string, stop?: Stop) => void;

/** Who has stopped a share. */
const ITSELF = 'server';

/** Milliseconds for requests on a deleted share to end, before its files are closed. */
const SETTLE_MS = 2_000;
const SETTLE_STEP_MS = 10;

/** With what is in it, and how it is, at this moment. */
export interface ServedShare extends RegisteredShare {
  readonly held: Held;
  /** Why it has stopped; undefined while it serves. */
  readonly stopped: Stop | undefined;
  /** Reads that its disk has failed, since the start. */
  readonly readErrors: number;
}

interface Served {
  readonly share: RegisteredShare;
  readonly fileSystem: ShareFileSystem;
}

/** The shares of a running server: made, changed and deleted while it serves. One change at a time. */
export class LiveShares {
  readonly #store: DataDirectory;
  readonly #root: RootAttributes;
  readonly #served = new Map<number, Served>();
  /** Deleted with their data kept: clients may still hold files of theirs open, so these close with the server. */
  readonly #kept = new Map<number, ShareFileSystem>();
  #nfs: NfsServer | undefined;
  #listener: ShareListener = () => undefined;
  readonly #changes = new OneAtATime();

  constructor(store: DataDirectory, root: RootAttributes) {
    this.#store = store;
    this.#root = root;
  }

  /** Opens a share of the start. */
  async open(share: RegisteredShare): Promise<ShareFileSystem> {
    const fileSystem = await this.#store.openShare(share.id, this.#root);
    fileSystem.quota = quotaOf(share);
    this.#served.set(share.id, { share, fileSystem });
    return fileSystem;
  }

  attach(nfs: NfsServer, listener: ShareListener): void {
    this.#nfs = nfs;
    this.#listener = listener;
  }

  get list(): readonly ServedShare[] {
    return [...this.#served.values()].map(shown).sort((a, b) => a.id - b.id);
  }

  /** The share has stopped, or all where none is named: to be told of. */
  stopped(id: number | undefined, stop: Stop): void {
    for (const { share } of this.#served.values()) {
      if (id === undefined || id === share.id) this.#listener('stopped', share, ITSELF, stop);
    }
  }

  /** Has a share serve again. Others that stopped for the same cause may start with it. Nothing to do where it serves. */
  start(id: number, who: string): Promise<ServedShare> {
    return this.#changes.run(async () => {
      const served = this.#find(id);
      const stopped = this.list.filter((share) => share.stopped !== undefined);
      try {
        await this.#store.startShare(id);
      } catch (error) {
        const { path, stopped: stop } = shown(served);
        const advice = stop === undefined ? '' : `. ${showStop(stop, path).advice}`;
        const detail = `${path} stays stopped, as the disk still fails: ${errorMessage(error)}${advice}`;
        throw new Refusal(HTTP.CONFLICT, 'still_failing', detail);
      }
      for (const { id: other } of stopped) {
        const now = this.#served.get(other);
        if (now?.fileSystem.stopped === undefined && now !== undefined)
          this.#listener('started', now.share, who);
      }
      return shown(served);
    });
  }

  engineShares() {
    return [...this.#served.values()].map(({ share, fileSystem }) => engineShare(share, fileSystem));
  }

  /** Kept and served when this resolves. */
  create(request: ShareRequest, who: string): Promise<ServedShare> {
    return this.#changes.run(async () => {
      const spec = specOf({ ...DEFAULT_TERMS, path: request.path }, request);
      const clash = this.list.find((other) => clashes(other.path, spec.path));
      if (clash !== undefined) {
        throw new Refusal(HTTP.CONFLICT, 'exists', clashMessage(clash.path, spec.path));
      }
      if (this.#served.size >= MAX_SHARES) {
        throw new Refusal(HTTP.CONFLICT, 'too_many', `there are ${MAX_SHARES} shares already`);
      }
      const { records } = this.#store;
      const id = keptId(records, spec.path) ?? takeNextId(records);
      if (id === undefined) throw new Refusal(HTTP.CONFLICT, 'too_many', 'no share ids are left');
      const share: RegisteredShare = { ...spec, id, origin: 'data' };
      const fileSystem = this.#kept.get(id) ?? (await this.#store.openShare(id, this.#root));
      this.#kept.set(id, fileSystem);
      // Another try must find what is in it, so where this is refused it counts as kept again.
      await this.#keep(
        () => putShare(records, share),
        () => dropShare(records, share),
      );
      this.#kept.delete(id);
      this.#serve(share, fileSystem);
      this.#listener('created', share, who);
      return shown({ share, fileSystem });
    });
  }

  update(id: number, changes: ShareUpdate, who: string): Promise<ServedShare> {
    return this.#changes.run(async () => {
      const { share: before, fileSystem } = this.#find(id);
      const share: RegisteredShare = { ...specOf(before, changes), id, origin: 'data' };
      const { records } = this.#store;
      await this.#keep(
        () => putShare(records, share),
        () => putShare(records, before),
      );
      this.#serve(share, fileSystem);
      this.#listener('updated', share, who);
      return shown({ share, fileSystem });
    });
  }

  /** Its handles are stale as soon as that is kept. With `deleteData`, everything in it is gone when this resolves. */
  delete(id: number, deleteData: boolean, who: string): Promise<void> {
    return this.#changes.run(async () => {
      const { share, fileSystem } = this.#find(id);
      const { records } = this.#store;
      // Until its data is gone it counts as kept, so that a crash on the way loses no trace of it.
      await this.#keep(
        () => dropShare(records, share),
        () => putShare(records, share),
      );
      this.#served.delete(id);
      this.#kept.set(id, fileSystem);
      this.#nfs?.setShares(this.engineShares());
      if (deleteData) {
        await settled(this.#nfs?.control);
        this.#kept.delete(id);
        await fileSystem.close();
        await this.#store.removeShare(id);
        forgetShare(records, id);
        await records.stable();
      }
      this.#listener('deleted', share, who);
    });
  }

  /** Every file system is tried; resolves to what went wrong, by share. */
  async close(): Promise<readonly (readonly [id: number, error: unknown])[]> {
    await this.#changes.ended();
    const failures: (readonly [number, unknown])[] = [];
    const open = [...this.#served].map(([id, { fileSystem }]) => [id, fileSystem] as const);
    for (const [id, fileSystem] of [...open, ...this.#kept]) {
      try {
        await fileSystem.close();
      } catch (error) {
        failures.push([id, error]);
      }
    }
    return failures;
  }

  /** Changes records for good, or not at all: a change that only waits for the disk would be made although it was refused. */
  async #keep(change: () => void, undo: () => void): Promise<void> {
    change();
    try {
      await this.#store.records.stable();
    } catch (error) {
      undo();
      throw error;
    }
  }

  #serve(share: RegisteredShare, fileSystem: ShareFileSystem): void {
    fileSystem.quota = quotaOf(share);
    this.#served.set(share.id, { share, fileSystem });
    this.#nfs?.setShares(this.engineShares());
  }

  #find(id: number): Served {
    const served = this.#served.get(id);
    if (served === undefined) throw notFound(`share ${id}`);
    return served;
  }
}

function shown({ share, fileSystem }: Served): ServedShare {
  return { ...share, held: fileSystem.held, stopped: fileSystem.stopped, readErrors: fileSystem.readErrors };
}

function quotaOf({ quotaBytes, quotaFiles }: RegisteredShare): Quota {
  return {
    bytes: quotaBytes === 0 ? undefined : quotaBytes,
    files: quotaFiles === 0 ? undefined : quotaFiles,
  };
}

type Terms = ShareUpdate & { readonly path?: string };

/** The terms with what a request says; throws a Refusal that names each wrong field. */
function specOf(before: ShareSpec, request: Terms): ShareSpec {
  const errors: FieldError[] = [];
  const checked = <T>(field: string, work: () => T, otherwise: T): T => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      errors.push({ field, message: error.message });
      return otherwise;
    }
  };
  const spec: ShareSpec = {
    path: checked('path', () => sharePath(before.path), before.path),
    squash: request.squash ?? before.squash,
    readOnly: request.read_only ?? before.readOnly,
    clients: checked('clients', () => request.clients?.map(clientNetwork) ?? before.clients, before.clients),
    anonymousUid: request.anonymous_uid ?? before.anonymousUid,
    anonymousGid: request.anonymous_gid ?? before.anonymousGid,
    privilegedPort: request.privileged_port ?? before.privilegedPort,
    delegations: request.delegations ?? before.delegations,
    quotaBytes: request.quota_bytes ?? before.quotaBytes,
    quotaFiles: request.quota_files ?? before.quotaFiles,
  };
  if (errors.length > 0) throw wrongFields(errors);
  return spec;
}

/** Waits until no request is being worked on that may have begun on a share that is served no more. */
async function settled(control: Control | undefined): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  while ((control?.counters().requestsInFlight ?? 0) > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_STEP_MS));
  }
}
