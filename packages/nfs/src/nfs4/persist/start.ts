import type { EventListener, StateJournal } from '../../contracts.ts';
import type { FileSystem } from '../../vfs/index.ts';
import type { Namespace } from '../exports.ts';
import type { State } from '../state/state.ts';
import { type Image, readImage } from './image.ts';
import { restore } from './restore.ts';

/** What the last run left. Of what is not whole nothing counts, and the standard grace period applies: `refused` are the keys that are to go. */
export interface LoadedImage {
  readonly image: Image | undefined;
  readonly refused: readonly string[];
}

export async function loadImage(journal: StateJournal, emit: EventListener): Promise<LoadedImage> {
  const loaded = await journal.load();
  if (loaded === undefined) return { image: undefined, refused: [] };
  const records = [...loaded];
  try {
    return { image: readImage(records), refused: [] };
  } catch (error) {
    emit({ type: 'state_refused', error });
    return { image: undefined, refused: records.map(([key]) => key) };
  }
}

/** Goes on where the last run was. */
export async function takeUp(
  image: Image,
  state: State,
  namespace: Namespace,
  emit: EventListener,
): Promise<void> {
  const { dropped } = await restore(image, { state, namespace });
  for (const client of state.clients) if (client.reclaimComplete) state.grace.completed(client);
  if (state.grace.dirty) await state.grace.stable();
  emit({
    type: 'state_restored',
    clients: state.clients.size,
    sessions: state.sessions.size,
    opens: state.opens.count,
    locks: state.locks.count,
    delegations: state.delegations.count,
    dropped,
  });
}

/** Tells each file system once that nobody comes any more who held a file before this start: after grace, where there is one. */
export function settler(state: State, namespace: Namespace): () => void {
  const told = new WeakSet<FileSystem>();
  return () => {
    if (state.grace.active) return;
    for (const { fileSystem } of namespace.exports) {
      if (told.has(fileSystem)) continue;
      told.add(fileSystem);
      fileSystem.settled?.();
    }
  };
}
