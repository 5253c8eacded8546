import { type Static, Type } from 'typebox';
import { Time } from './common.ts';

/** read: may look at everything; admin: may change everything, and make tokens. */
export const Role = Type.Union([Type.Literal('read'), Type.Literal('admin')]);
export type Role = Static<typeof Role>;

export const MAX_TOKEN_SECONDS = 10 * 366 * 86_400;

const FIELDS = {
  id: Type.String({ description: 'Names it where the secret itself must not appear' }),
  name: Type.String(),
  role: Role,
  created_at: Time('When it was made'),
  created_by: Type.String(),
  last_used_at: Type.Union([Type.String(), Type.Null()], {
    description: 'To the minute; null where it never was',
  }),
  expires_at: Type.Union([Type.String(), Type.Null()], { description: 'null: never' }),
};

export const Token = Type.Object(FIELDS, { $id: 'Token' });
export type Token = Static<typeof Token>;

export const TokenList = Type.Object({ tokens: Type.Array(Token) }, { $id: 'TokenList' });
export type TokenList = Static<typeof TokenList>;

export const TokenRequest = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f]+$' }),
    role: Role,
    expires_in_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_TOKEN_SECONDS })),
  },
  { $id: 'TokenRequest', additionalProperties: false },
);
export type TokenRequest = Static<typeof TokenRequest>;

/** The only answer that ever holds the secret. */
export const NewToken = Type.Object(
  { ...FIELDS, token: Type.String({ description: 'Sent as "Authorization: Bearer TOKEN". Shown once' }) },
  { $id: 'NewToken' },
);
export type NewToken = Static<typeof NewToken>;
