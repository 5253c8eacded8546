import { Type } from 'typebox';
import { DrainAddressRequest } from '../schemas/connection.ts';
import { Health, Status } from '../schemas/status.ts';
import { drained, removed, route, seen, V1 } from './route.ts';

const address = Type.Object({
  address: Type.String({ description: 'HOST or HOST:PORT of a listening address, IPv6 in brackets' }),
});

/** The server as a whole, and the addresses that it listens on. */
export const SERVER_ROUTES = {
  health: route({
    ...seen,
    path: '/health',
    access: 'open',
    tag: 'server',
    summary:
      'The process works at all; degraded where the disk has failed it. 200 in any case: a restart helps neither',
    answer: Health,
  }),
  ready: route({
    ...seen,
    path: '/health/ready',
    access: 'open',
    tag: 'server',
    summary: 'The server takes new work; 503 while it starts or stops',
    answer: Health,
  }),
  status: route({
    ...seen,
    path: `${V1}/status`,
    tag: 'server',
    summary: 'Listeners, shares and figures',
    answer: Status,
  }),
  drainAddress: route({
    ...drained,
    body: DrainAddressRequest,
    method: 'POST',
    path: `${V1}/addresses/:address/drain`,
    tag: 'server',
    summary: 'Drains a listening address; it takes no new connections until the drain is ended',
    params: address,
  }),
  undrainAddress: route({
    ...removed,
    method: 'DELETE',
    path: `${V1}/addresses/:address/drain`,
    tag: 'server',
    summary: 'Takes new connections on a drained address again, named as it was drained',
    params: address,
  }),
  drainServer: route({
    ...drained,
    method: 'POST',
    path: `${V1}/server/drain`,
    tag: 'server',
    summary: 'Drains all connections; new ones are refused until the drain is ended',
  }),
  undrainServer: route({
    ...removed,
    method: 'DELETE',
    path: `${V1}/server/drain`,
    tag: 'server',
    summary: 'Takes new connections again',
  }),
} as const;
