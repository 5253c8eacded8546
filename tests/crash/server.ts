/**
 * The server of `--server bare`: what the daemon is made of, without its management, so that a start costs a fifth. Options as JSON in the
 * first argument; says "ready PORT".
 */
import { createNfsServer } from '../../packages/nfs/src/server.ts';
import { type Durability, openDataDirectory } from '../../packages/storage/src/index.ts';

interface BareServerOptions {
  readonly data: string;
  readonly share: string;
  readonly durability: Durability;
}

const ROOT = { uid: 0, gid: 0, mode: 0o777 };
const SHARE_ID = 1;
/** So little that the journal is written anew in most rounds. */
const JOURNAL_BYTES = 8 * 1024;
const KEPT_CONTENT_BYTES = 64 * 1024;
/** For who looks into a failure. */
const LOGGED: ReadonlySet<string> = new Set([
  'state_refused',
  'state_restored',
  'grace_started',
  'grace_ended',
]);

const { data, share, durability } = JSON.parse(process.argv[2] ?? '{}') as BareServerOptions;
const fail = (error: Error) => {
  console.error(error);
  process.exit(1);
};
const directory = await openDataDirectory(data, {
  durability,
  limits: { journalBytes: JOURNAL_BYTES, keptContentBytes: KEPT_CONTENT_BYTES },
  onEvent: (event) => {
    if (event.type === 'stopped') fail(new Error(event.stop.reason));
  },
  onJournalLost: fail,
});
const fileSystem = await directory.openShare(SHARE_ID, ROOT);
const server = await createNfsServer({
  shares: [{ id: SHARE_ID, path: share, fileSystem, squash: 'none' }],
  stateStore: directory.stateStore,
  onEvent: (event) => {
    if (event.type === 'fault') fail(event.error instanceof Error ? event.error : new Error('fault'));
    if (LOGGED.has(event.type)) console.log(JSON.stringify(event));
  },
});
process.once('SIGTERM', async () => {
  await server.close();
  await directory.close();
  process.exit(0);
});
const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
console.log(`ready ${port}`);
