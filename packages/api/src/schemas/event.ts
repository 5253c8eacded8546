import { type Static, Type } from 'typebox';
import { Count, Direction, Time } from './common.ts';
import { SettingChange } from './settings.ts';

/** `id` is what Last-Event-ID takes; heartbeats have none. */
const stamped = { id: Type.Optional(Type.String()), time: Time('When it happened') };
const connection_id = Type.Integer();
const session_id = Type.String();

export const ApiEvent = Type.Union(
  [
    Type.Object({
      ...stamped,
      type: Type.Literal('connection'),
      action: Type.Union([Type.Literal('opened'), Type.Literal('closed'), Type.Literal('refused')]),
      connection_id: Type.Optional(connection_id),
      remote: Type.Optional(Type.String()),
      local: Type.Optional(Type.String()),
      reason: Type.Optional(Type.String()),
    }),
    Type.Object({ ...stamped, type: Type.Literal('bind'), connection_id, session_id, direction: Direction }),
    Type.Object({
      ...stamped,
      type: Type.Literal('unbind'),
      connection_id,
      session_id,
      reason: Type.String({ description: 'explicit, disconnect, session_destroy, reaper or drained' }),
    }),
    Type.Object({
      ...stamped,
      type: Type.Literal('over_limit'),
      connection_id,
      session_id,
      how: Type.Union([Type.Literal('explicit'), Type.Literal('implicit')]),
    }),
    Type.Object({
      ...stamped,
      type: Type.Literal('session'),
      action: Type.Union([Type.Literal('created'), Type.Literal('destroyed')]),
      session_id,
      client_id: Type.Optional(Type.String()),
      reason: Type.Optional(Type.String()),
    }),
    Type.Object({
      ...stamped,
      type: Type.Literal('client'),
      action: Type.Union([Type.Literal('confirmed'), Type.Literal('removed')]),
      client_id: Type.String(),
      owner: Type.Optional(Type.String()),
      remote: Type.Optional(Type.String()),
      reason: Type.Optional(Type.String()),
    }),
    Type.Object({
      ...stamped,
      type: Type.Literal('drain'),
      action: Type.Union([Type.Literal('started'), Type.Literal('done'), Type.Literal('ended')], {
        description: 'ended: new connections are taken again',
      }),
      target: Type.String({ description: 'server, "connection 7", "session …", "client …", "address …"' }),
      connections: Type.Optional(Count('Connections it is about')),
      forced: Type.Optional(Count('Those that were closed while still busy')),
    }),
    Type.Object({
      ...stamped,
      type: Type.Literal('settings'),
      version: Type.Integer(),
      who: Type.String(),
      changes: Type.Array(SettingChange),
    }),
    Type.Object({
      ...stamped,
      type: Type.Literal('share'),
      action: Type.Union(
        [
          Type.Literal('created'),
          Type.Literal('updated'),
          Type.Literal('deleted'),
          Type.Literal('stopped'),
          Type.Literal('started'),
        ],
        { description: 'stopped: the disk has failed; started: an operator had it serve again' },
      ),
      share_id: Type.Integer(),
      path: Type.String(),
      who: Type.String({ description: '"server" for what happened by itself' }),
      reason: Type.Optional(Type.String()),
    }),
    Type.Object({
      ...stamped,
      type: Type.Literal('grace'),
      action: Type.Union([Type.Literal('started'), Type.Literal('ended')]),
      seconds: Type.Optional(Type.Number()),
      clients: Type.Optional(Count('Clients that may reclaim')),
    }),
    Type.Object({
      ...stamped,
      type: Type.Literal('backup'),
      action: Type.Union([
        Type.Literal('started'),
        Type.Literal('done'),
        Type.Literal('failed'),
        Type.Literal('cancelled'),
      ]),
      target: Type.String(),
      who: Type.String({ description: 'Who asked for it' }),
      reason: Type.Optional(Type.String()),
    }),
    Type.Object({
      ...stamped,
      type: Type.Literal('lost'),
      reason: Type.String({
        description: 'Events between the Last-Event-ID and the next are gone: ask anew',
      }),
    }),
    Type.Object({ ...stamped, type: Type.Literal('heartbeat') }),
  ],
  { $id: 'ApiEvent' },
);
export type ApiEvent = Static<typeof ApiEvent>;
export type ApiEventType = ApiEvent['type'];

export const EVENT_TYPES = [
  'connection',
  'bind',
  'unbind',
  'over_limit',
  'session',
  'client',
  'drain',
  'settings',
  'share',
  'grace',
  'backup',
] as const satisfies readonly ApiEventType[];
