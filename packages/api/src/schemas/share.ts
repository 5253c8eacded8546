import { type Static, Type } from 'typebox';

/** A share and the terms on which it is served. */
export const Share = Type.Object(
  {
    id: Type.Integer({ minimum: 1, description: "Part of every file handle: the same for the share's life" }),
    path: Type.String({ description: 'As clients mount it: "/export"' }),
    read_only: Type.Boolean(),
    squash: Type.Union([Type.Literal('root'), Type.Literal('all'), Type.Literal('none')]),
    clients: Type.Array(Type.String(), {
      description: 'Addresses and networks that may use it; everybody where empty',
    }),
    anonymous_uid: Type.Integer({ minimum: 0 }),
    anonymous_gid: Type.Integer({ minimum: 0 }),
    privileged_port: Type.Boolean({ description: 'Only callers from a source port below 1024' }),
    origin: Type.Union([Type.Literal('default'), Type.Literal('configuration'), Type.Literal('data')], {
      description:
        "Who set the terms: nobody (the share of a first start), this start's configuration, or an earlier start",
    }),
  },
  { $id: 'Share' },
);
export type Share = Static<typeof Share>;

export const ShareList = Type.Object({ shares: Type.Array(Share) }, { $id: 'ShareList' });
export type ShareList = Static<typeof ShareList>;
