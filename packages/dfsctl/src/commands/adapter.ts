import {
  flagOf,
  isNfsSettingKey,
  NFS_SETTING_KEYS,
  type NfsSettingKey,
  type NfsSettingValues,
  nfsSettingOf,
  SettingError,
  suggest,
} from '@dfs/api/settings';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { completeWith } from '../completion/registry.ts';
import { FieldErrors } from '../field-errors.ts';
import type { Invocation } from '../invocation.ts';
import { UsageError } from '../usage-error.ts';
import { auditView, changedView, defaultsView, settingsView } from '../views/settings.ts';

interface ChangeFlags {
  readonly dryRun?: true;
  readonly ifVersion?: number;
}

const UPDATE_EXAMPLES = `
Examples:
  dfsctl adapter settings nfs update --v4-max-connections-per-session 4
  dfsctl adapter settings nfs update --max-read-size 4MiB --lease-time 2m --dry-run
  dfsctl adapter settings nfs update --blocked-operations COPY,READ_PLUS

What is set here is kept in the data directory and applies at once, without a restart (some settings: to new sessions).`;

/** `adapter settings nfs`: the settings of the NFS engine. */
export function addAdapter(program: Command, run: Invocation): void {
  const adapter = program.command('adapter').description('the protocols that are spoken');
  const settings = adapter.command('settings').description('settings that change while the server runs');
  const nfs = settings.command('nfs').description('settings of the NFS engine');
  nfs
    .command('show')
    .description('all settings, who set them, and which are not as by default')
    .addHelpText(
      'after',
      '\nExamples:\n  dfsctl adapter settings nfs show\n  dfsctl adapter settings nfs show -o yaml',
    )
    .action(async () => run.show(await (await run.client()).nfsSettings(), settingsView));
  nfs
    .command('defaults')
    .description('the default and the range of each setting')
    .addHelpText('after', '\nExample:\n  dfsctl adapter settings nfs defaults')
    .action(async () => run.show(await (await run.client()).nfsSettingDefaults(), defaultsView));
  addUpdate(nfs, run);
  addReset(nfs, run);
  nfs
    .command('audit')
    .description('who changed what and when, the latest first')
    .option('--limit <n>', 'changes to show', parseCount, 20)
    .addHelpText('after', '\nExample:\n  dfsctl adapter settings nfs audit --limit 5')
    .action(async ({ limit }: { limit: number }) =>
      run.show(await (await run.client()).nfsSettingsAudit(limit), auditView),
    );
}

function addUpdate(nfs: Command, run: Invocation): void {
  const update = nfs.command('update').description('change settings').addHelpText('after', UPDATE_EXAMPLES);
  for (const key of NFS_SETTING_KEYS) {
    const { kind, description } = nfsSettingOf(key);
    const help = `${kind.allowed}: ${description}`;
    update.addOption(new Option(`${flagOf(key)} <value>`, help));
  }
  changeOptions(update);
  update.action(async (flags: Record<string, unknown> & ChangeFlags) => {
    const changes = given(update, flags);
    if (Object.keys(changes).length === 0) {
      throw new UsageError('nothing to change: name a setting, as in --v4-max-connections-per-session 4');
    }
    const api = await run.client();
    run.show(await api.updateNfsSettings(changes, changeOf(flags)), changedView);
  });
}

/** The settings that were named, checked. All that are wrong are told at once. */
function given(command: Command, flags: Record<string, unknown>): Partial<NfsSettingValues> {
  const values: Record<string, unknown> = {};
  const errors: { field: string; message: string }[] = [];
  for (const key of NFS_SETTING_KEYS) {
    const option = command.options.find((each) => each.long === flagOf(key));
    const text = option === undefined ? undefined : flags[option.attributeName()];
    if (text === undefined) continue;
    try {
      values[key] = nfsSettingOf(key).kind.parse(text);
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      errors.push({ field: flagOf(key), message: error.message });
    }
  }
  if (errors.length > 0) throw new FieldErrors('nothing has been changed', errors);
  return values as Partial<NfsSettingValues>;
}

function addReset(nfs: Command, run: Invocation): void {
  const reset = nfs
    .command('reset')
    .description('take back what was set here, of one setting or of all: flags, file or default count again')
    .argument('[setting]', 'the name of a setting')
    .option('--all', 'all settings')
    .addHelpText(
      'after',
      '\nExamples:\n  dfsctl adapter settings nfs reset lease_time\n  dfsctl adapter settings nfs reset --all --dry-run',
    );
  changeOptions(reset).action(
    async (name: string | undefined, flags: ChangeFlags & { readonly all?: true }) => {
      if ((name === undefined) !== (flags.all === true)) {
        throw new UsageError('name the setting to reset, or say --all (not both)');
      }
      const key = name === undefined ? undefined : settingNamed(name);
      const api = await run.client();
      if (key === undefined && flags.dryRun !== true) await run.confirm('Reset all settings?');
      run.show(await api.resetNfsSettings(key, changeOf(flags)), changedView);
    },
  );
  completeWith(reset, async () => NFS_SETTING_KEYS.map((key) => [key, nfsSettingOf(key).description]));
}

function settingNamed(text: string): NfsSettingKey {
  const name = text.replace(/^--/, '').replaceAll('-', '_');
  if (isNfsSettingKey(name)) return name;
  const meant = suggest(name, NFS_SETTING_KEYS);
  const advice = meant === undefined ? '' : `: did you mean ${meant}?`;
  throw new UsageError(`there is no setting ${JSON.stringify(text)}${advice}`);
}

function changeOptions(command: Command): Command {
  return command
    .option('--dry-run', 'check and show what would change, and change nothing')
    .option('--if-version <n>', 'only if the settings still have this version (see show)', parseVersion);
}

function changeOf({ dryRun, ifVersion }: ChangeFlags) {
  return { dryRun: dryRun === true, ...(ifVersion !== undefined && { version: ifVersion }) };
}

function parseVersion(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('A version is a whole number.');
  return Number(text);
}

const MOST_ENTRIES = 1000;

function parseCount(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > MOST_ENTRIES) throw new InvalidArgumentError(`1 to ${MOST_ENTRIES}.`);
  return count;
}
