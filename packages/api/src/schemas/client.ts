import { type Static, Type } from 'typebox';
import { BackChannel, Count, nextAfter, Time } from './common.ts';

/** An NFS client: an owner of sessions and state. */
export const NfsClient = Type.Object(
  {
    client_id: Type.String({ description: 'clientid4: 16 hexadecimal digits' }),
    owner: Type.String({
      description: 'What the client calls itself (co_ownerid), unprintable bytes as dots',
    }),
    address: Type.String({ description: 'Where it made itself known from' }),
    uid: Count('User id of its principal'),
    implementation: Type.Union([Type.Object({ name: Type.String(), domain: Type.String() }), Type.Null()], {
      description: 'nii_name and nii_domain of EXCHANGE_ID; null where it said nothing',
    }),
    confirmed: Type.Boolean(),
    created_at: Time('When it made itself known'),
    lease: Type.Object({
      state: Type.Union([Type.Literal('active'), Type.Literal('courtesy'), Type.Literal('unconfirmed')], {
        description: 'courtesy: past its end, kept until somebody else wants what it holds',
      }),
      seconds_since_renewal: Type.Number(),
      remaining_seconds: Type.Number({ description: 'Negative after its end' }),
    }),
    reclaim_complete: Type.Boolean(),
    sessions: Count('Its sessions'),
    connections: Count('Connections bound to any of its sessions'),
    opens: Count('Files it holds open'),
    locks: Count('Byte-range locks it holds'),
    delegations: Count('Delegations it holds'),
    back_channel: BackChannel,
  },
  { $id: 'NfsClient' },
);
export type NfsClient = Static<typeof NfsClient>;

export const NfsClientList = Type.Object(
  { clients: Type.Array(NfsClient), ...nextAfter },
  { $id: 'NfsClientList' },
);
export type NfsClientList = Static<typeof NfsClientList>;
