import { type Static, Type } from 'typebox';

/** The content type of every error the API answers (RFC 9457). */
export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** What went wrong, as the API says it (RFC 9457). `code` is for programs, `detail` for people. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'about:blank, or an address that explains the problem' }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    code: Type.String({ description: 'snake_case, the same for the same problem in every version' }),
    detail: Type.Optional(Type.String()),
    instance: Type.Optional(Type.String({ description: 'The path that was asked for' })),
    errors: Type.Optional(
      Type.Array(Type.Object({ field: Type.String(), message: Type.String() }), {
        description: 'With 422: each field that is wrong, and why',
      }),
    ),
  },
  { $id: 'Problem' },
);
export type Problem = Static<typeof Problem>;
