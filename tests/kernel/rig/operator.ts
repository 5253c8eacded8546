import { createServer, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Address } from '../options.ts';
import type { Cutter } from './cutter.ts';
import { establishedTo, setSecondServer } from './net.ts';
import { run } from './process.ts';
import type { TestServer } from './server.ts';

/**
 * What a workload in the guest may do to the server and its network, asked over HTTP in the test's network: a POST
 * with {"do": …}, answered with JSON. `steer.py` is the other end.
 */
export type OperatorParts = {
  readonly server: TestServer;
  readonly cutter: Cutter;
  readonly root: string;
  /** The server's port, at any of its addresses. */
  readonly port: number;
};

type Asked = Readonly<Record<string, unknown>>;

const LIMIT_MS = 60_000;
const OK = 200;
const FAILED = 500;

const textOf = (asked: Asked, name: string): string => {
  const value = asked[name];
  if (typeof value !== 'string') throw new Error(`${name} is missing`);
  return value;
};

/** A question to the server's API, over its socket. */
function rest({ server }: OperatorParts, asked: Asked): Promise<unknown> {
  const body = asked['body'] === undefined ? undefined : JSON.stringify(asked['body']);
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        socketPath: server.apiSocket,
        method: textOf(asked, 'method'),
        path: textOf(asked, 'path'),
        headers,
        timeout: LIMIT_MS,
      },
      (answer) => {
        text(answer).then((body) => resolve({ status: answer.statusCode, body }), reject);
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}

function dfsctl({ server, root }: OperatorParts, asked: Asked): Promise<unknown> {
  const args = asked['args'];
  if (!Array.isArray(args)) throw new Error('args is missing');
  const command = ['--socket', server.apiSocket, '--yes', ...args.map(String)];
  return run(join(root, 'bin/dfsctl'), command, { timeoutMs: LIMIT_MS, env: process.env });
}

async function act(parts: OperatorParts, asked: Asked): Promise<unknown> {
  switch (asked['do']) {
    case 'rest':
      return rest(parts, asked);
    case 'dfsctl':
      return dfsctl(parts, asked);
    case 'sockets':
      return establishedTo(parts.port);
    case 'address':
      return setSecondServer(asked['there'] === true);
    case 'cuttable':
      return parts.cutter.ports;
    case 'cut':
      return parts.cutter.cut(Number(asked['port']));
    case 'crash':
      return parts.server.crash();
    case 'restart':
    case 'replace':
      return parts.server.handOver(asked['do']);
    default:
      throw new Error(`nobody can do ${JSON.stringify(asked)}`);
  }
}

async function answerTo(parts: OperatorParts, asked: IncomingMessage): Promise<unknown> {
  const body: unknown = JSON.parse(await text(asked));
  if (typeof body !== 'object' || body === null) throw new Error('asked for nothing');
  return (await act(parts, { ...body })) ?? null;
}

/** Listens until the process ends. */
export async function startOperator(at: Address, parts: OperatorParts): Promise<void> {
  const service = createServer((asked, reply) => {
    answerTo(parts, asked).then(
      (answer) => reply.writeHead(OK).end(JSON.stringify(answer)),
      (error: unknown) => reply.writeHead(FAILED).end(error instanceof Error ? error.message : String(error)),
    );
  });
  await new Promise<void>((resolve, reject) => {
    service.once('error', reject);
    service.listen(at.port, at.host, resolve);
  });
}
