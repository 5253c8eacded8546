import { readFileSync } from 'node:fs';
import { NfsClient, type Session } from '../../src/client/index.ts';

/** How many clients a crowd has, and connections each of them. */
export const CROWD = 1000;
export const CROWD_CONNECTIONS = 4;
const AT_ONCE = 25;

/** May this process, and a server like it, have as many descriptors as a crowd takes? */
export function mayHaveCrowd(): boolean {
  const row = readFileSync('/proc/self/limits', 'utf8').match(/^Max open files +\S+ +(\S+)/m)?.[1];
  return row === 'unlimited' || Number(row) > 2 * CROWD * CROWD_CONNECTIONS;
}

/** A client of which all connections are bound: SEQUENCE was sent over each (RFC 8881 §2.10.3.1). */
export async function mountTrunked(port: number): Promise<Session> {
  const session = await NfsClient.start({ port });
  for (let more = 1; more < CROWD_CONNECTIONS; more++)
    await session.renew({ connection: await session.addConnection() });
  return session;
}

/** A crowd comes; each is added to `sessions` when it is there. */
export async function mountCrowd(port: number, sessions: Session[]): Promise<void> {
  for (let made = 0; made < CROWD; made += AT_ONCE)
    sessions.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => mountTrunked(port)))));
}
