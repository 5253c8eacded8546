import { Type } from 'typebox';

export const Count = (description: string) => Type.Integer({ minimum: 0, description });
export const Time = (description: string) => Type.String({ description: `${description} (ISO 8601, UTC)` });

/** Which channels of a session a connection carries. */
export const Direction = Type.Union([Type.Literal('fore'), Type.Literal('back'), Type.Literal('both')]);

export const BackChannel = Type.Union(
  [Type.Literal('none'), Type.Literal('up'), Type.Literal('unproven'), Type.Literal('down')],
  { description: 'none: not asked for; unproven: bound, no callback sent yet' },
);

/** Seconds that a drain or an unanswered question may take. */
export const MAX_DRAIN_SECONDS = 3600;
export const DEFAULT_DRAIN_SECONDS = 30;
