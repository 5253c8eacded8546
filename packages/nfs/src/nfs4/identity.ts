import type { Randomness } from '../contracts.ts';

/** Bytes of so_major_id and of the scope: enough that no two servers ever have the same. */
const ID_BYTES = 16;

/**
 * Who the server is to its clients: the same on every address and after every restart, and different from every other server's, since clients take
 * two addresses with one identity for one server and trunk over both (RFC 8881 §2.10.5).
 */
export interface ServerIdentity {
  readonly majorId: Buffer;
  readonly scope: Buffer;
  /** Counts up with every start. 1 to 2^32 - 1. */
  readonly instance: number;
}

export const IDENTITY_KEY = 'server/identity';
export const INSTANCE_KEY = 'server/instance';

/** Takes up the identity that the records hold, or makes one, and counts the start. Returns it with the records to put. */
export function takeIdentity(
  records: ReadonlyMap<string, Buffer>,
  randomness: Randomness,
): { identity: ServerIdentity; put: (readonly [string, Buffer])[] } {
  const stored = records.get(IDENTITY_KEY);
  const id = stored?.length === 2 * ID_BYTES ? stored : randomness.bytes(2 * ID_BYTES);
  const last = records.get(INSTANCE_KEY);
  const instance = last?.length === 4 ? last.readUInt32BE(0) + 1 : 1;
  const count = Buffer.alloc(4);
  count.writeUInt32BE(instance, 0);
  // As text, for captures and people to read.
  const majorId = Buffer.from(id.toString('hex', 0, ID_BYTES));
  const scope = Buffer.from(id.toString('hex', ID_BYTES));
  return {
    identity: { majorId, scope, instance },
    put: [
      [IDENTITY_KEY, id],
      [INSTANCE_KEY, count],
    ],
  };
}
