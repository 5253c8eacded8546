import { type Static, Type } from 'typebox';

const MAX_PATH = 1024;
const MAX_NETWORKS = 1024;
const MAX_ID = 2 ** 32 - 2;

/** The terms on which a share is served. */
const TERMS = {
  read_only: Type.Boolean(),
  squash: Type.Union([Type.Literal('root'), Type.Literal('all'), Type.Literal('none')], {
    description: "Whose requests count as the anonymous user's",
  }),
  clients: Type.Array(Type.String(), {
    maxItems: MAX_NETWORKS,
    description: 'Addresses and networks that may use it; everybody where empty',
  }),
  anonymous_uid: Type.Integer({ minimum: 0, maximum: MAX_ID }),
  anonymous_gid: Type.Integer({ minimum: 0, maximum: MAX_ID }),
  privileged_port: Type.Boolean({ description: 'Only callers from a source port below 1024' }),
  delegations: Type.Boolean({ description: 'Delegations of its files are granted' }),
  quota_bytes: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description:
      'The most storage that it may take: of content (holes take none), extended attributes and symbolic links; 0: as much as there is',
  }),
  quota_files: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description:
      'The most files, directories and other objects that it may have, each once however many names it has; 0: any number',
  }),
};

/** Why a share answers with errors. */
export const ShareStop = Type.Object(
  {
    cause: Type.Union([Type.Literal('content'), Type.Literal('metadata'), Type.Literal('journal')], {
      description: 'What could not be kept: bytes of files, their records, or the journal',
    }),
    reason: Type.String({ description: 'What the host said' }),
    since: Type.String({ description: 'ISO 8601, UTC' }),
    advice: Type.String({ description: 'What to do about it' }),
  },
  { $id: 'ShareStop' },
);
export type ShareStop = Static<typeof ShareStop>;

/** A share and the terms on which it is served. */
export const Share = Type.Object(
  {
    id: Type.Integer({ minimum: 1, description: "Part of every file handle: the same for the share's life" }),
    path: Type.String({ description: 'As clients mount it: "/export"' }),
    state: Type.Union([Type.Literal('serving'), Type.Literal('stopped')], {
      description:
        'Stopped: the disk has failed, and what it holds is not to be relied on until the share is started',
    }),
    stopped: Type.Union([ShareStop, Type.Null()]),
    ...TERMS,
    used_bytes: Type.Integer({ minimum: 0, description: 'What it takes now, as quota_bytes counts it' }),
    used_files: Type.Integer({ minimum: 0, description: 'What it has now, as quota_files counts it' }),
    origin: Type.Union([Type.Literal('default'), Type.Literal('configuration'), Type.Literal('data')], {
      description:
        "Who set the terms: nobody (the share of a first start), this start's configuration, or the data directory (an earlier start, this API)",
    }),
  },
  { $id: 'Share' },
);
export type Share = Static<typeof Share>;

export const ShareList = Type.Object({ shares: Type.Array(Share) }, { $id: 'ShareList' });
export type ShareList = Static<typeof ShareList>;

/** Those that whoever asks has something to say of. */
const GIVEN_TERMS = {
  read_only: Type.Optional(TERMS.read_only),
  squash: Type.Optional(TERMS.squash),
  clients: Type.Optional(TERMS.clients),
  anonymous_uid: Type.Optional(TERMS.anonymous_uid),
  anonymous_gid: Type.Optional(TERMS.anonymous_gid),
  privileged_port: Type.Optional(TERMS.privileged_port),
  delegations: Type.Optional(TERMS.delegations),
  quota_bytes: Type.Optional(TERMS.quota_bytes),
  quota_files: Type.Optional(TERMS.quota_files),
};

/** What is not said is as for a new share: squash root, everybody, read and write. */
export const ShareRequest = Type.Object(
  { path: Type.String({ minLength: 1, maxLength: MAX_PATH }), ...GIVEN_TERMS },
  { $id: 'ShareRequest', additionalProperties: false },
);
export type ShareRequest = Static<typeof ShareRequest>;

/** What is not said stays as it is. */
export const ShareUpdate = Type.Object(GIVEN_TERMS, { $id: 'ShareUpdate', additionalProperties: false });
export type ShareUpdate = Static<typeof ShareUpdate>;
