import type { Share, ShareRequest, ShareUpdate } from '@dfs/api';
import type { ApiClient } from '@dfs/api/client';
import { bytes, integer, SettingError } from '@dfs/api/settings';
import { sharesView } from '@dfs/api/terminal';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Candidate, completeFromServer } from '../completion/registry.ts';
import type { Invocation } from '../invocation.ts';
import { findShare } from '../resolve.ts';
import { UsageError } from '../usage-error.ts';

/** Terms as flags; what was not said is absent. */
interface TermFlags {
  readonly squash?: Share['squash'];
  readonly readOnly?: true;
  readonly readWrite?: true;
  readonly allow?: readonly string[];
  readonly everybody?: true;
  readonly anonUid?: number;
  readonly anonGid?: number;
  readonly privilegedPort?: boolean;
  readonly delegations?: boolean;
  readonly quotaBytes?: number;
  readonly quotaFiles?: number;
}

const SHARE = ['<share>', 'its path, or its id'] as const;
const MAX_ID = 2 ** 32 - 2;
const quotaBytes = bytes(0, Number.MAX_SAFE_INTEGER);
const quotaFiles = integer(0, Number.MAX_SAFE_INTEGER);

export function addShare(program: Command, run: Invocation): void {
  const share = program.command('share').description('the shares that are served');
  share
    .command('list')
    .description('all shares with their terms, and what is in them')
    .addHelpText('after', '\nExamples:\n  dfsctl share list\n  dfsctl share list -o json')
    .action(async () =>
      run.show(await (await run.client()).shares(), ({ shares }, paint) => sharesView(shares, paint)),
    );
  const show = share
    .command('show')
    .description('one share')
    .argument(...SHARE)
    .addHelpText('after', '\nExamples:\n  dfsctl share show /home\n  dfsctl share show /home -o yaml')
    .action(async (given: string) =>
      run.show(await findShare(await run.client(), given), (found, paint) => sharesView([found], paint)),
    );
  completeFromServer(show, sharePaths);
  addCreate(share, run);
  addUpdate(share, run);
  addStart(share, run);
  addDelete(share, run);
}

/** What has been done, and the share as it is now. */
function showDone(run: Invocation, share: Share, done: string): void {
  run.show(share, (value, paint) => `${done}\n\n${sharesView([value], paint)}`);
}

function addCreate(share: Command, run: Invocation): void {
  const create = share
    .command('create')
    .description('make a share and serve it at once')
    .argument('<path>', 'as clients mount it: /home')
    .addHelpText(
      'after',
      '\nExamples:\n  dfsctl share create /home --allow 10.0.0.0/8 --allow fd00::/8\n  dfsctl share create /scratch --squash all --anon-uid 1000 --anon-gid 1000\n  dfsctl share create /mail --quota-bytes 10G --quota-files 1000000',
    );
  termFlags(create).action(async (path: string, flags: TermFlags) => {
    const request: ShareRequest = { path, ...terms(flags) };
    const made = await (await run.client()).createShare(request);
    showDone(run, made, `created ${made.path}`);
  });
}

function addUpdate(share: Command, run: Invocation): void {
  const update = share
    .command('update')
    .description("change a share's terms at once; what is not said stays")
    .argument(...SHARE)
    .addHelpText(
      'after',
      '\nExamples:\n  dfsctl share update /home --read-only\n  dfsctl share update /home --read-write --everybody\n  dfsctl share update /home --quota-bytes 1T\n  dfsctl share update /home --quota-files 0',
    );
  termFlags(update)
    .addOption(new Option('--read-write', 'it may be written to').conflicts('readOnly'))
    .addOption(new Option('--everybody', 'any address may use it').conflicts('allow'))
    .addOption(new Option('--no-privileged-port', 'callers may use any source port'))
    .addOption(new Option('--delegations', 'delegations are granted'))
    .action(async (given: string, flags: TermFlags) => {
      const changes: ShareUpdate = terms(flags);
      if (Object.keys(changes).length === 0)
        throw new UsageError('nothing to change: say what, as in --read-only');
      const api = await run.client();
      const found = await findShare(api, given);
      const updated = await api.updateShare(found.id, changes);
      showDone(run, updated, `updated ${updated.path}`);
    });
  completeFromServer(update, sharePaths);
}

function addStart(share: Command, run: Invocation): void {
  const start = share
    .command('start')
    .description('have a share serve again that stopped when its disk failed, once the cause is gone')
    .argument(...SHARE)
    .addHelpText('after', '\nExamples:\n  dfsctl share list\n  dfsctl share start /home')
    .action(async (given: string) => {
      const api = await run.client();
      const found = await findShare(api, given);
      const started = await api.startShare(found.id);
      const said = found.state === 'serving' ? 'serves already' : 'serves again';
      showDone(run, started, `${started.path} ${said}`);
    });
  completeFromServer(start, sharePaths);
}

function addDelete(share: Command, run: Invocation): void {
  const remove = share
    .command('delete')
    .description(
      'stop serving a share; what is in it is kept, and is back when a share of that path is created',
    )
    .argument(...SHARE)
    .option('--delete-data', 'delete everything in it as well, for good')
    .addHelpText(
      'after',
      '\nExamples:\n  dfsctl share delete /scratch\n  dfsctl share delete /scratch --delete-data --yes',
    )
    .action(async (given: string, flags: { readonly deleteData?: true }) => {
      const api = await run.client();
      const found = await findShare(api, given);
      const deleteData = flags.deleteData === true;
      const loss = deleteData ? ' and delete EVERYTHING in it, for good' : ' (its data is kept)';
      await run.confirm(`Stop serving ${found.path}${loss}?`);
      await api.deleteShare(found.id, { deleteData });
      run.done(
        deleteData ? `deleted ${found.path} with its data` : `deleted ${found.path}; its data is kept`,
        {
          deleted: found.path,
          data: deleteData ? 'deleted' : 'kept',
        },
      );
    });
  completeFromServer(remove, sharePaths);
}

function termFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--squash <whose>', "whose requests count as the anonymous user's").choices([
        'root',
        'all',
        'none',
      ]),
    )
    .option('--read-only', 'it cannot be written to')
    .addOption(
      new Option('--allow <network>', 'an address or a network that may use it; may be repeated').argParser(
        collect,
      ),
    )
    .addOption(new Option('--anon-uid <uid>', 'the anonymous user').argParser(parseId))
    .addOption(new Option('--anon-gid <gid>', 'the group of the anonymous user').argParser(parseId))
    .option('--privileged-port', 'only for callers from a source port below 1024')
    .option('--no-delegations', 'no delegations are granted')
    .addOption(
      new Option(
        '--quota-bytes <size>',
        'the most storage that it may take: 512MiB, 10G; 0: as much as there is',
      ).argParser((text) => parsed(quotaBytes, text)),
    )
    .addOption(
      new Option(
        '--quota-files <count>',
        'the most files, directories and other objects that it may have; 0: any number',
      ).argParser((text) => parsed(quotaFiles, text)),
    );
}

function terms(flags: TermFlags): ShareUpdate {
  const readOnly = flags.readOnly ?? (flags.readWrite === true ? false : undefined);
  const clients = flags.allow ?? (flags.everybody === true ? [] : undefined);
  return {
    ...(readOnly !== undefined && { read_only: readOnly }),
    ...(flags.squash !== undefined && { squash: flags.squash }),
    ...(clients !== undefined && { clients: [...clients] }),
    ...(flags.anonUid !== undefined && { anonymous_uid: flags.anonUid }),
    ...(flags.anonGid !== undefined && { anonymous_gid: flags.anonGid }),
    ...(flags.privilegedPort !== undefined && { privileged_port: flags.privilegedPort }),
    ...(flags.delegations !== undefined && { delegations: flags.delegations }),
    ...(flags.quotaBytes !== undefined && { quota_bytes: flags.quotaBytes }),
    ...(flags.quotaFiles !== undefined && { quota_files: flags.quotaFiles }),
  };
}

async function sharePaths(api: ApiClient): Promise<Candidate[]> {
  return (await api.shares()).shares.map(({ path, read_only }) => [
    path,
    read_only ? 'read-only' : 'read-write',
  ]);
}

function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

function parsed(kind: { readonly parse: (input: unknown) => number }, text: string): number {
  try {
    return kind.parse(text);
  } catch (error) {
    throw error instanceof SettingError ? new InvalidArgumentError(error.message) : error;
  }
}

function parseId(text: string): number {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(id <= MAX_ID)) throw new InvalidArgumentError(`0 to ${MAX_ID}.`);
  return id;
}
