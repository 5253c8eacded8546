import { NfsClient, type Session } from '@dfs/nfs/client';

/**
 * The load of `npm run bench:console`, a process of its own: PORT CLIENTS CONNECTIONS RATE. Says "ready" to its parent when all are connected,
 * then sends SEQUENCE (RFC 8881 §18.46) RATE times a second, over all connections in turn, until its parent goes.
 */
const AT_ONCE = 25;
const TICK_MS = 20;
const MS = 1000;

const [port = 0, clients = 0, connections = 0, rate = 0] = process.argv.slice(2).map(Number);

async function mount(number: number): Promise<Session> {
  const ownerId = Buffer.from(`Linux NFSv4.1 node-${String(number).padStart(3, '0')}.example`);
  const session = await NfsClient.start({ port, ownerId });
  // Sent over each once: it is bound by that (RFC 8881 §2.10.3.1).
  for (let more = 1; more < connections; more++)
    await session.renew({ connection: await session.addConnection() });
  return session;
}

const sessions: Session[] = [];
while (sessions.length < clients) {
  const first = sessions.length;
  const wave = Array.from({ length: Math.min(AT_ONCE, clients - first) }, (_, n) => mount(first + n));
  sessions.push(...(await Promise.all(wave)));
}

let due = 0;
let turn = 0;
let before = performance.now();
setInterval(() => {
  const now = performance.now();
  due = Math.min(rate, due + (rate * (now - before)) / MS);
  before = now;
  for (; due >= 1; due--) {
    const session = sessions[turn++ % sessions.length];
    session?.renew().catch(() => undefined);
  }
}, TICK_MS);
process.once('disconnect', () => process.exit(0));
process.send?.('ready');
