import { parseArgs } from 'node:util';
import { Refusal } from '../kernel/rig/process.ts';

export const stores = ['lmdb', 'memory'] as const;
export type Store = (typeof stores)[number];

export type Options = {
  readonly versions: readonly string[];
  readonly store: Store;
  readonly only: string;
  /** A folder of this machine instead of a share. */
  readonly local: string | undefined;
};

export const help = `node tests/posix/run.ts [options]: POSIX semantics, each system call with its errors, on a share that a
real Linux kernel mounts

  --vers LIST       NFS versions to mount with (4.1,4.2)
  --store NAME      where dfs keeps what it serves: lmdb (and local files), or memory (lmdb)
  --only LIST       only cases whose names begin so, such as rename,open.executed
  --local FOLDER    no share: the suite works in this folder, which shows whether what it expects is right

Status: 0 all well, 1 something failed, 2 wrong options, 3 the machine lacks something (it says what).`;

const VERSIONS = ['4.1', '4.2'];

/** The options, or the help that was asked for. A Refusal where they make no sense. */
export function parseOptions(args: readonly string[]): Options | string {
  const options = {
    vers: { type: 'string', default: VERSIONS.join(',') },
    store: { type: 'string', default: 'lmdb' },
    only: { type: 'string', default: '' },
    local: { type: 'string' },
    help: { type: 'boolean', default: false },
  } as const;
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];
  try {
    values = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new Refusal(error instanceof Error ? error.message : String(error));
  }
  if (values.help) return help;
  const versions = values.vers.split(',');
  for (const version of versions)
    if (!VERSIONS.includes(version))
      throw new Refusal(`--vers: ${version} is none of ${VERSIONS.join(', ')}`);
  const store = stores.find((name) => name === values.store);
  if (store === undefined) throw new Refusal(`--store: ${values.store} is none of ${stores.join(', ')}`);
  if (!/^[\w.,]*$/.test(values.only)) throw new Refusal('--only: names of cases, with commas between');
  return { versions, store, only: values.only, local: values.local };
}
