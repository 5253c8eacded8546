import { type Static, Type } from 'typebox';

export const Count = (description: string) => Type.Integer({ minimum: 0, description });
export const Time = (description: string) => Type.String({ description: `${description} (ISO 8601, UTC)` });

/** Which channels of a session a connection carries. */
export const Direction = Type.Union([Type.Literal('fore'), Type.Literal('back'), Type.Literal('both')]);

export const BackChannel = Type.Union(
  [Type.Literal('none'), Type.Literal('up'), Type.Literal('unproven'), Type.Literal('down')],
  { description: 'none: not asked for; unproven: bound, no callback sent yet' },
);

/** Things that one answer may be asked to have. */
export const MAX_PAGE = 10_000;

/** Part of a list, in the order of ids; all of it where nothing is said. */
export const PageQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: MAX_PAGE, description: 'So many at most; all where absent' }),
    ),
    after: Type.Optional(Type.String({ description: 'Those behind this id: next_after of the page before' })),
  },
  { additionalProperties: false },
);
export type PageQuery = Static<typeof PageQuery>;

export const nextAfter = {
  next_after: Type.Optional(Type.String({ description: 'There are more: to be given as after' })),
};

/** Seconds that a drain or an unanswered question may take. */
export const MAX_DRAIN_SECONDS = 3600;
export const DEFAULT_DRAIN_SECONDS = 30;
