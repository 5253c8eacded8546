import { randomBytes } from 'node:crypto';
import {
  BindFromClient,
  Files,
  NfsClient,
  type OpenFile,
  ops,
  type Session,
  ShareAccess,
} from '@dfs/nfs/client';

const BLOCK = 64 * 1024;
const BLOCKS = 16;
const MS = 1000;
const WAVE_SECONDS = 90;

/** One machine of the office: what it mounts, over which connections, and what it does there. */
interface Machine {
  readonly name: string;
  readonly address: string;
  readonly share: string;
  readonly connections: readonly number[];
  /** Requests a second, at the most; 0 only renews its lease. */
  readonly rate: number;
  /** Of those, how many write. */
  readonly writes: number;
}

const { FORE, BACK, FORE_OR_BOTH: BOTH } = BindFromClient;
const several = (count: number, direction: number = BOTH) => Array.from({ length: count }, () => direction);

const MACHINES: readonly Machine[] = [
  { name: 'web-1', address: '127.0.0.11', share: '/export', connections: several(7), rate: 40, writes: 0.05 },
  { name: 'web-2', address: '127.0.0.12', share: '/export', connections: several(7), rate: 25, writes: 0.05 },
  { name: 'build', address: '127.0.0.21', share: '/export', connections: several(3), rate: 30, writes: 0.5 },
  {
    name: 'backup',
    address: '127.0.0.31',
    share: '/archive',
    connections: [...several(2, FORE), BACK],
    rate: 12,
    writes: 0.9,
  },
  { name: 'laptop', address: '127.0.0.41', share: '/export', connections: [], rate: 2, writes: 0.2 },
  { name: 'printer', address: '127.0.0.51', share: '/archive', connections: [], rate: 0, writes: 0 },
];

interface Member {
  readonly machine: Machine;
  readonly session: Session;
  readonly file: OpenFile;
  turn: number;
}

/** A few clients with trunked sessions that read and write: something to look at. */
export class Office {
  readonly #members: Member[] = [];
  readonly #data = randomBytes(BLOCK);
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #port: number;
  readonly #pace: number;

  /** `pace` of 1 is what is in the table above. */
  constructor(port: number, pace = 1) {
    this.#port = port;
    this.#pace = pace;
  }

  get sessions(): readonly Session[] {
    return this.#members.map(({ session }) => session);
  }

  async open(): Promise<void> {
    for (const machine of MACHINES) {
      const session = await NfsClient.start({
        host: '127.0.0.1',
        port: this.#port,
        localAddress: machine.address,
        ownerId: Buffer.from(`Linux NFSv4.1 ${machine.name}.example`),
      });
      for (const direction of machine.connections) {
        const connection = await session.client.newConnection();
        await session.client.run([bind(session, direction)], { connection });
        if (direction !== BACK) session.connections.push(connection);
      }
      const file = await prepare(session, machine, this.#data);
      this.#members.push({ machine, session, file, turn: 0 });
    }
    for (const member of this.#members) this.#start(member);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const { session } of this.#members) await session.client.close();
  }

  #start(member: Member): void {
    const { machine, session, file } = member;
    const rate = Math.max(1, machine.rate * this.#pace);
    let busy = 0;
    const work = async () => {
      const wave = 0.6 + 0.4 * Math.sin((2 * Math.PI * Date.now()) / MS / WAVE_SECONDS + machine.rate);
      if (busy > 4 || Math.random() > wave) return;
      busy++;
      const offset = (member.turn++ % BLOCKS) * BLOCK;
      try {
        if (machine.rate === 0) await session.renew();
        else if (Math.random() < machine.writes) await file.write(offset, this.#data);
        else await file.read(offset, BLOCK);
      } catch {
        // Drained, evicted or stopped by the test: the next one shows.
      }
      busy--;
    };
    this.#timers.push(setInterval(work, MS / rate));
  }
}

const bind = (session: Session, direction: number) => ops.bindConnToSession(session.id, direction);

async function prepare(session: Session, machine: Machine, data: Buffer): Promise<OpenFile> {
  const files = await Files.mount(session, machine.share);
  const file = await files.open(`${machine.name}.dat`, {
    access: ShareAccess.BOTH,
    create: 'unchecked',
    attributes: { mode: 0o644 },
  });
  for (let block = 0; block < BLOCKS; block++) await file.write(block * BLOCK, data);
  return file;
}
