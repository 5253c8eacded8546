import { Type } from 'typebox';
import { NewToken, TokenList, TokenRequest } from '../schemas/token.ts';
import { removed, route, seen, V1 } from './route.ts';

const token = Type.Object({ token_id: Type.String() });

/** Who may use the API over TCP. */
export const TOKEN_ROUTES = {
  tokens: route({
    ...seen,
    path: `${V1}/tokens`,
    access: 'admin',
    tag: 'tokens',
    summary: 'All tokens, without their secrets',
    answer: TokenList,
  }),
  createToken: route({
    method: 'POST',
    path: `${V1}/tokens`,
    access: 'admin',
    tag: 'tokens',
    summary: 'Makes a token. Only this answer holds its secret',
    body: TokenRequest,
    status: 201,
    answer: NewToken,
    refusals: [409],
  }),
  revokeToken: route({
    ...removed,
    method: 'DELETE',
    path: `${V1}/tokens/:token_id`,
    tag: 'tokens',
    summary: 'Ends a token at once',
    params: token,
  }),
} as const;
