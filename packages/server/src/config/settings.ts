import {
  boolean,
  bytes,
  choice,
  type Kind,
  NFS_SETTINGS,
  quote,
  type Setting,
  SettingError,
  seconds,
  text,
  type ValueOf,
} from '@dfs/api/settings';
import type { ListenAddress } from '@dfs/nfs';
import type { Durability } from '@dfs/storage';
import { addressKind, addressListKind, consoleKind } from './address.ts';
import { type ShareSpec, sharesKind } from './share-spec.ts';

/** A setting of the daemon: a row of the table, with what only the command line needs to know. */
export interface DaemonSetting<T> extends Setting<T> {
  /** Its own flag, as commander writes it; every setting can be set by `--set KEY=VALUE` as well. */
  readonly flag?: string;
  /** What --help says of the flag. */
  readonly flagHelp?: string;
  /** A path: relative to the file that names it, or to the working directory. */
  readonly isPath?: boolean;
}

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

const DEFAULT_LISTEN: readonly ListenAddress[] = [{ host: '127.0.0.1', port: 12_049 }];

const pathKind: Kind<string | undefined> = {
  allowed: 'a path',
  parse(input) {
    if (typeof input !== 'string') throw new SettingError(`${quote(input)} is not a path (put it in quotes)`);
    if (input === '' || input.includes('\0')) throw new SettingError(`${quote(input)} is not a path`);
    return input;
  },
  show: (value) => value ?? null,
};

function row<T>(setting: DaemonSetting<T>): DaemonSetting<T> {
  return setting;
}

/** Everything that can be set, in the order in which it is documented. */
export const SETTINGS = {
  data: row({
    kind: pathKind,
    default: undefined,
    defaultText: '`$XDG_STATE_HOME/dfs`, or `~/.local/state/dfs`',
    applies: 'restart',
    flag: '--data <dir>',
    flagHelp: 'the data directory (default: ~/.local/state/dfs)',
    isPath: true,
    description: 'The data directory: made where it is missing, used by one server at a time.',
  }),
  memory: row({
    kind: boolean(),
    default: false,
    applies: 'restart',
    flag: '--memory',
    flagHelp: 'keep nothing after a stop',
    description: 'Keep everything in memory and nothing after a stop. For trying things out.',
  }),
  memory_size: row({
    kind: bytes(16 * MIB, 1024 * GIB),
    default: 4 * GIB,
    applies: 'restart',
    description:
      'With `memory`: bytes of file content, of all shares together, beyond which writing answers that no space is left.',
  }),
  durability: row<Durability>({
    kind: choice(['power', 'crash']),
    default: 'power',
    applies: 'restart',
    flag: '--durability <grade>',
    flagHelp: 'power or crash: what a change survives before it is acknowledged (default: power)',
    description:
      'What a change survives before a client is told that it is done. `power`: a loss of power. `crash`: the end of the process, however it ends; a loss of power, or a crash of the machine, takes the last moments with it, FILE_SYNC writes and COMMIT among them. Faster where the disk is slow to sync.',
  }),
  listen: row({
    kind: addressListKind,
    default: DEFAULT_LISTEN,
    applies: 'restart',
    flag: '--listen <host:port>',
    flagHelp: 'where NFS clients connect; may be repeated (default: 127.0.0.1:12049)',
    description:
      "Where NFS clients connect. Port 0 takes any free port. Who reaches an address can use the shares, within each share's `clients`.",
  }),
  tcp_pacing: row({
    kind: boolean(),
    default: false,
    applies: 'restart',
    description:
      "Leave TCP's congestion control to the host even where it is BBR, which has a timer send each segment. Otherwise connections of NFS clients have CUBIC then, and large reads go straight from the page cache, at a quarter of the cost. For clients behind long and lossy lines.",
  }),
  shares: row({
    kind: sharesKind,
    default: [] as readonly ShareSpec[],
    defaultText: '`/export`, where the data directory holds no share yet',
    applies: 'restart',
    flag: '--share <share>',
    flagHelp:
      'NAME[,squash=none|root|all][,ro][,clients=CIDR]...: a share, made where it is missing; may be repeated (default: /export)',
    description:
      'Shares to serve on the terms given, made where they are missing; those that the data directory holds besides are served as before. Lists of file, environment and flags add up.',
  }),
  api: row({
    kind: addressKind,
    default: undefined,
    defaultText: 'none',
    applies: 'restart',
    flag: '--api <host:port>',
    flagHelp: 'the management API on TCP as well, for those who have a token',
    description:
      'An address for the management API besides its Unix socket. Whoever asks there needs a token (`dfsctl token create`). An address that other machines can reach also needs `api_tls_cert`, `api_tls_key`, and a token that exists already.',
  }),
  api_tls_cert: row({
    kind: pathKind,
    default: undefined,
    defaultText: 'none',
    applies: 'restart',
    isPath: true,
    description:
      'The certificate (PEM, with those that vouch for it) for TLS at the address of `api`. A renewed one is taken up when the files change.',
  }),
  api_tls_key: row({
    kind: pathKind,
    default: undefined,
    defaultText: 'none',
    applies: 'restart',
    isPath: true,
    description: 'The key (PEM) of `api_tls_cert`.',
  }),
  console: row({
    kind: consoleKind,
    default: { host: '127.0.0.1', port: 12_051 },
    applies: 'restart',
    flag: '--console <host:port>',
    flagHelp: 'where the web console is, or off (default: 127.0.0.1:12051)',
    description:
      'Where browsers find the web console; `off` serves none. Who opens it needs a link that works once (printed at the start on a terminal, and by `dfsctl console`). Where nothing is said and the port is taken, any free one. An address that other machines can reach also needs `api_tls_cert` and `api_tls_key`.',
  }),
  'metrics.open': row({
    kind: boolean(),
    default: false,
    applies: 'restart',
    description: 'At the address of `api`, /metrics can be read without a token.',
  }),
  'metrics.per_session': row({
    kind: boolean(),
    default: true,
    applies: 'restart',
    description:
      'A series of `dfs_nfs_connections_bound` for each session. Switch it off where many clients would make too many.',
  }),
  'metrics.operation_times': row({
    kind: boolean(),
    default: true,
    applies: 'restart',
    description:
      'Measure how long each operation takes, for `dfs_nfs_operation_duration_seconds`. It costs a tenth of a microsecond or two for each.',
  }),
  api_socket: row({
    kind: pathKind,
    default: undefined,
    defaultText: '`api.sock` in the data directory; with `memory`, `$XDG_RUNTIME_DIR/dfs/memory-PORT.sock`',
    applies: 'restart',
    flag: '--api-socket <path>',
    flagHelp: 'the management API (default: api.sock in the data directory)',
    isPath: true,
    description: 'The Unix socket of the management API. Only the user who runs the server may open it.',
  }),
  pid_file: row({
    kind: pathKind,
    default: undefined,
    defaultText: 'none',
    applies: 'restart',
    flag: '--pid-file <path>',
    flagHelp: 'holds the process id while the server is ready',
    isPath: true,
    description: 'A file that holds the process id from when the server is ready until it has stopped.',
  }),
  'log.format': row({
    kind: choice(['auto', 'pretty', 'json']),
    default: 'auto',
    applies: 'restart',
    flag: '--log-format <format>',
    flagHelp: 'auto, pretty or json (default: pretty on a terminal, else json)',
    description: 'How the log looks: auto is pretty on a terminal and one JSON object per line elsewhere.',
  }),
  'log.level': row({
    kind: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    default: 'info',
    applies: 'restart',
    flag: '--log-level <level>',
    flagHelp: 'trace, debug, info, warn, error, fatal or silent (default: info)',
    description: 'The least important messages that are logged. `debug` shows each connection and session.',
  }),
  drain_time: row({
    kind: seconds(0, 3600),
    default: 5,
    applies: 'restart',
    description: 'How long a stop waits for requests that are being worked on.',
  }),
  domain: row({
    kind: text(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, 'a DNS name such as example.com'),
    default: 'localdomain',
    applies: 'restart',
    description:
      'What stands behind the @ of owners that clients send by name (alice@example.com). Owners sent as numbers need none.',
  }),
  ...NFS_SETTINGS,
} as const;

export type SettingKey = keyof typeof SETTINGS;
export type SettingValue<K extends SettingKey> = ValueOf<(typeof SETTINGS)[K]>;
export type SettingValues = { -readonly [K in SettingKey]: SettingValue<K> };

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];

export function isSettingKey(name: string): name is SettingKey {
  return Object.hasOwn(SETTINGS, name);
}

/** The row of a key, where the type of its value does not matter. */
export function settingOf(key: SettingKey): DaemonSetting<unknown> {
  return SETTINGS[key] as DaemonSetting<unknown>;
}
