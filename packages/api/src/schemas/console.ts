import { type Static, Type } from 'typebox';
import { Time } from './common.ts';
import { Role } from './token.ts';

/** Characters of a link's secret and of a session's key; longer ones are none of ours. */
const MAX_SECRET = 128;

export const ConsoleLinkRequest = Type.Object(
  { role: Type.Optional(Role) },
  { $id: 'ConsoleLinkRequest', additionalProperties: false },
);
export type ConsoleLinkRequest = Static<typeof ConsoleLinkRequest>;

/** Opens the console once, in one browser. */
export const ConsoleLink = Type.Object(
  {
    url: Type.String({ description: 'Holds a secret that works once' }),
    role: Role,
    expires_at: Time('When it stops working, if nobody has used it'),
  },
  { $id: 'ConsoleLink' },
);
export type ConsoleLink = Static<typeof ConsoleLink>;

export const ConsoleSignIn = Type.Object(
  { secret: Type.String({ minLength: 1, maxLength: MAX_SECRET, description: "The link's" }) },
  { $id: 'ConsoleSignIn', additionalProperties: false },
);
export type ConsoleSignIn = Static<typeof ConsoleSignIn>;

const SESSION = {
  role: Role,
  expires_at: Time('When the browser is signed out'),
};

export const ConsoleSession = Type.Object(SESSION, { $id: 'ConsoleSession' });
export type ConsoleSession = Static<typeof ConsoleSession>;

/** One half of the session comes in the cookie, `key` is the other one. */
export const NewConsoleSession = Type.Object(
  { ...SESSION, key: Type.String({ description: 'Sent with every request, as X-Dfs-Console' }) },
  { $id: 'NewConsoleSession' },
);
export type NewConsoleSession = Static<typeof NewConsoleSession>;
