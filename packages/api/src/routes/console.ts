import {
  ConsoleLink,
  ConsoleLinkRequest,
  ConsoleSession,
  ConsoleSignIn,
  NewConsoleSession,
} from '../schemas/console.ts';
import { removed, route, seen, V1 } from './route.ts';

const CONSOLE_SESSION = `${V1}/console/session`;

/** Signing in to the web console. */
export const CONSOLE_ROUTES = {
  createConsoleLink: route({
    method: 'POST',
    path: `${V1}/console/links`,
    access: 'admin',
    tag: 'console',
    summary: 'A link that opens the console once',
    body: ConsoleLinkRequest,
    bodyOptional: true,
    status: 201,
    answer: ConsoleLink,
    refusals: [409],
  }),
  signIn: route({
    method: 'POST',
    path: CONSOLE_SESSION,
    access: 'open',
    tag: 'console',
    summary: "Takes a link's secret for a session: one half is the cookie that comes with the answer",
    body: ConsoleSignIn,
    status: 201,
    answer: NewConsoleSession,
    refusals: [401, 403],
  }),
  consoleSession: route({
    ...seen,
    path: CONSOLE_SESSION,
    tag: 'console',
    summary: 'The session of the browser that asks',
    answer: ConsoleSession,
    refusals: [404],
  }),
  signOut: route({
    ...removed,
    method: 'DELETE',
    path: CONSOLE_SESSION,
    access: 'read',
    tag: 'console',
    summary: 'Ends the session of the browser that asks',
  }),
  signOutAll: route({
    ...removed,
    method: 'DELETE',
    path: `${V1}/console/sessions`,
    tag: 'console',
    summary: 'Ends the sessions of all browsers, and links that nobody has used',
  }),
} as const;
