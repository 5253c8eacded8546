import { type Static, type TSchema, Type } from 'typebox';
import { BackChannel, Count, Direction } from './common.ts';

const Column = <T extends TSchema>(of: T, description: string) => Type.Array(of, { description });

/** Clients, sessions and connections of one moment, as small as it can be told: the console asks for it every second. */
export const Trunks = Type.Object(
  {
    time: Type.Number({ description: 'Milliseconds since 1970' }),
    max_connections_per_session: Count('The limit; 0 is none'),
    clients: Type.Array(
      Type.Object({
        client_id: Type.String(),
        owner: Type.String(),
        address: Type.String(),
        lease: Type.Union([Type.Literal('active'), Type.Literal('courtesy'), Type.Literal('unconfirmed')]),
        lease_remaining_seconds: Type.Number(),
        opens: Type.Integer(),
        locks: Type.Integer(),
        delegations: Type.Integer(),
      }),
    ),
    sessions: Type.Array(
      Type.Object({
        session_id: Type.String(),
        client_id: Type.String(),
        slots_in_use: Type.Integer(),
        slots_granted: Type.Integer(),
        over_limit: Type.Integer(),
        back_channel: BackChannel,
        connections: Column(Type.Integer(), 'Ids of the connections bound to it'),
        directions: Column(Direction, 'Of each of them'),
      }),
    ),
    connections: Type.Object(
      {
        connection_id: Column(Type.Integer(), 'Ids'),
        remote: Column(Type.String(), 'ADDRESS:PORT'),
        local: Column(Type.String(), 'ADDRESS:PORT'),
        idle_ms: Column(Type.Number(), 'Milliseconds since something last came or went'),
        operations: Column(Type.Integer(), 'Operations, since it was opened'),
        bytes_in: Column(Type.Integer(), 'Bytes received'),
        bytes_out: Column(Type.Integer(), 'Bytes sent'),
        draining: Column(Type.Boolean(), 'Whether it is being emptied'),
      },
      { description: 'All open connections; each array has one value of each' },
    ),
  },
  { $id: 'Trunks' },
);
export type Trunks = Static<typeof Trunks>;
