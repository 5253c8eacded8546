import { Type } from 'typebox';
import { History, HistoryList, HistoryScope, Vitals } from '../schemas/history.ts';
import { route, seen, V1 } from './route.ts';

const since = {
  since: Type.Optional(Type.Number({ description: 'Only what is later: seconds since 1970' })),
};

/** The last hour. */
export const HISTORY_ROUTES = {
  historyList: route({
    ...seen,
    path: `${V1}/history`,
    tag: 'history',
    summary: 'What there is a history of',
    answer: HistoryList,
  }),
  history: route({
    ...seen,
    path: `${V1}/history/:scope/:id`,
    tag: 'history',
    summary: 'The last hour of the server, a share, a client or a connection',
    params: Type.Object({ scope: HistoryScope, id: Type.String() }),
    query: Type.Object(since, { additionalProperties: false }),
    answer: History,
    refusals: [404],
  }),
  vitals: route({
    ...seen,
    path: `${V1}/vitals`,
    tag: 'history',
    summary: 'The last hour of commits, disk and process',
    query: Type.Object(since, { additionalProperties: false }),
    answer: Vitals,
  }),
} as const;
