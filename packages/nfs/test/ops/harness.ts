import { createEngine } from '../../src/create-server.ts';
import { Compound } from '../../src/nfs4/compound.ts';
import { AuthFlavor, Status } from '../../src/nfs4/constants/index.ts';
import type { Engine } from '../../src/nfs4/engine.ts';
import { statusOf } from '../../src/nfs4/errors.ts';
import type { Operation } from '../../src/nfs4/operation.ts';
import { Connection } from '../../src/nfs4/state/connections.ts';
import type { NfsServerOptions } from '../../src/server.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { XdrReader, XdrWriter } from '../../src/xdr/index.ts';

const ROOT = { uid: 0, gid: 0, groups: [] };
const ENDPOINT = { address: '127.0.0.1', port: 700 };

/** An engine without sockets, for operations run one by one. */
export class Bench {
  readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  static async of(fileSystem: FileSystem, options: Partial<NfsServerOptions> = {}): Promise<Bench> {
    const shares = [{ id: 7, path: '/export', fileSystem, squash: 'none' as const }];
    const transport = { call: () => Promise.reject(new Error('no client listens')) };
    return new Bench(await createEngine({ shares, ...options }, transport));
  }

  /** A COMPOUND whose arguments are what `write` writes; its current object is in the first share. */
  compound(minor: 1 | 2, node: object, write: (out: XdrWriter) => void = () => {}): Compound {
    const args = new XdrWriter();
    write(args);
    const principal = { flavor: AuthFlavor.SYS, credentials: ROOT, machine: 'test' };
    const connection = new Connection(1, ENDPOINT, ENDPOINT, 0);
    const reader = new XdrReader(Buffer.from(args.bytes()));
    const c = new Compound(this.engine, connection, principal, reader, new XdrWriter(), minor, 1, 0);
    c.setCurrent([...this.engine.namespace.exports][0]!, node);
    return c;
  }
}

export interface Outcome {
  readonly status: Status;
  readonly waited: boolean;
  readonly result: XdrReader;
  readonly bytes: Buffer;
}

/** Runs one operation as the executor would. */
export async function perform(operation: Operation, c: Compound): Promise<Outcome> {
  let waited = false;
  let status: Status | undefined;
  try {
    const answer = operation.run(c);
    waited = answer instanceof Promise;
    status = await answer;
  } catch (error) {
    status = statusOf(error);
    if (status === undefined) throw error;
  }
  const bytes = Buffer.from(status === Status.OK || c.keepBody ? c.out.bytes() : []);
  return { status, waited, result: new XdrReader(bytes), bytes };
}
