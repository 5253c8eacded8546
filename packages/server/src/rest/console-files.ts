import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HTTP } from './refusal.ts';

/** Where the build of packages/console lies. */
export const CONSOLE_BUILD = path.resolve(import.meta.dirname, '../../../console/dist');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const COMPRESSED = '.br';
/** Names of these hold a hash of what is in them. */
const ASSETS = '/assets/';
const FOREVER = 'public, max-age=31536000, immutable';

const NOT_BUILT =
  '<!doctype html><meta charset="utf-8"><title>dfs</title><h1>The console has not been built</h1>' +
  '<p>In the checkout: <code>bin/console-build</code>, by a user who may write there. Then load this page again.</p>';

/** What a browser is told to keep from other pages, and from what a page might be made to do. */
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), usb=()',
};
const ALL_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

interface File {
  readonly type: string;
  readonly plain: Buffer;
  readonly compressed: Buffer | undefined;
}

/** Serves the console's pages. Only what lay in the folder when it was read is served: no path of a request leads to a file. */
export function serveConsoleFiles(app: FastifyInstance, folder: string = CONSOLE_BUILD): void {
  let files: Promise<ReadonlyMap<string, File>> | undefined;
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(ALL_HEADERS);
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store');
  });
  const send = async (request: FastifyRequest, reply: FastifyReply) => {
    files ??= readAll(folder);
    const all = await files;
    // Nothing there yet: it may be by the next time.
    if (all.size === 0) files = undefined;
    const name = new URL(request.url, 'http://console').pathname;
    const file = all.get(name === '/' ? '/index.html' : name);
    reply.headers(PAGE_HEADERS).header('cache-control', name.startsWith(ASSETS) ? FOREVER : 'no-cache');
    if (file !== undefined) return sendFile(request, reply, file);
    if (name === '/') return reply.code(HTTP.UNAVAILABLE).type('text/html; charset=utf-8').send(NOT_BUILT);
    return reply.callNotFound();
  };
  const options = { config: { access: 'open' }, schema: { hide: true } } as const;
  for (const url of ['/', '/favicon.svg', `${ASSETS}:name`]) app.get(url, options, send);
}

function sendFile(request: FastifyRequest, reply: FastifyReply, file: File): FastifyReply {
  reply.type(file.type).header('vary', 'accept-encoding');
  const accepts = /\bbr\b/.test(String(request.headers['accept-encoding'] ?? ''));
  if (!accepts || file.compressed === undefined) return reply.send(file.plain);
  return reply.header('content-encoding', 'br').send(file.compressed);
}

async function readAll(folder: string): Promise<ReadonlyMap<string, File>> {
  const files = new Map<string, File>();
  let names: string[];
  try {
    names = (await readdir(folder, { recursive: true })).map((name) => name.replaceAll(path.sep, '/'));
  } catch {
    return files;
  }
  for (const name of names) {
    const type = TYPES[path.extname(name)];
    if (type === undefined) continue;
    const read = (file: string) => readFile(path.join(folder, file));
    const compressed = names.includes(name + COMPRESSED) ? await read(name + COMPRESSED) : undefined;
    files.set(`/${name}`, { type, plain: await read(name), compressed });
  }
  return files;
}
