import {
  type DataDirectory,
  type DataDirectoryOptions,
  openDataDirectory,
  type StorageEvent,
} from '../../src/index.ts';
import { scratch } from '../support.ts';
import { Faults } from './faulty.ts';

/** A data directory with what fails in it, and what it tells of that. */
export interface World {
  readonly path: string;
  readonly directory: DataDirectory;
  readonly faults: Faults;
  readonly events: StorageEvent[];
}

/** On a new folder where `path` is absent. Whoever opens it closes it. */
export async function faultyWorld(
  between: (faults: Faults) => NonNullable<DataDirectoryOptions['between']>,
  path?: string,
  options: DataDirectoryOptions = {},
): Promise<World> {
  const folder = path ?? (await scratch());
  const faults = new Faults();
  const events: StorageEvent[] = [];
  const directory = await openDataDirectory(folder, {
    onEvent: (event) => events.push(event),
    between: between(faults),
    ...options,
  });
  return { path: folder, directory, faults, events };
}
