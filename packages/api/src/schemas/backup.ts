import { type Static, Type } from 'typebox';
import { Count, Time } from './common.ts';

const MAX_PATH = 4096;
/** Seconds; far below a lease, so that nobody loses what they hold. */
const MAX_PAUSE = 30;

export const BackupRequest = Type.Object(
  {
    target: Type.String({
      minLength: 1,
      maxLength: MAX_PATH,
      pattern: '^/',
      description: "A folder on the server's machine, absent or empty; the folder above it must be there",
    }),
    max_pause_seconds: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: MAX_PAUSE,
        default: 2,
        description: 'As long may clients have to wait at the end; beyond that it is given up',
      }),
    ),
    max_bytes_per_second: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'So much is copied or checked at the most; no limit where absent',
      }),
    ),
  },
  { $id: 'BackupRequest', additionalProperties: false },
);
export type BackupRequest = Static<typeof BackupRequest>;

export const BackupResult = Type.Object(
  {
    moment: Time('What the backup shows is as it was then'),
    shares: Type.Array(Type.Integer()),
    files: Count('Files with content'),
    bytes: Count('Of all files, holes among them'),
    pause_seconds: Type.Number({ description: 'As long did clients have to wait with changes of content' }),
    seconds: Type.Number({ description: 'As long did it take' }),
  },
  { $id: 'BackupResult' },
);
export type BackupResult = Static<typeof BackupResult>;

/** The backup that is being made, or the last one since the start. */
export const Backup = Type.Object(
  {
    state: Type.Union([
      Type.Literal('none'),
      Type.Literal('running'),
      Type.Literal('done'),
      Type.Literal('failed'),
      Type.Literal('cancelled'),
    ]),
    target: Type.Union([Type.String(), Type.Null()]),
    started_at: Type.Union([Time('When it was asked for'), Type.Null()]),
    ended_at: Type.Union([Time('When it ended'), Type.Null()]),
    phase: Type.Union(
      [
        Type.Literal('copying'),
        Type.Literal('holding'),
        Type.Literal('metadata'),
        Type.Literal('checksums'),
        Type.Literal('syncing'),
        Type.Null(),
      ],
      {
        description:
          'What is being done; copying comes again for what has changed. Null where none is running',
      },
    ),
    files: Count('Done in this phase'),
    bytes: Count('Done in this phase'),
    of_bytes: Type.Union([Type.Number(), Type.Null()], {
      description: 'What bytes will come to in this phase, about; null where that is not known',
    }),
    result: Type.Union([BackupResult, Type.Null()], { description: 'Where it is done' }),
    error: Type.Union([Type.Object({ detail: Type.String(), advice: Type.String() }), Type.Null()], {
      description: 'Where it has failed or was cancelled: why, and what to do',
    }),
    last_success: Type.Union([Time('When a backup was last done, also before this start'), Type.Null()]),
  },
  { $id: 'Backup' },
);
export type Backup = Static<typeof Backup>;
