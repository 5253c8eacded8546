import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { VERSION } from '../version.ts';

const TAGS = {
  server: 'The server as a whole',
  clients: 'NFS clients',
  sessions: 'Sessions, which carry the requests of a client',
  connections: 'TCP connections, which carry sessions',
  settings: 'Settings of the NFS engine, applied while it serves',
  shares: 'File systems and the terms on which they are served',
  tokens: 'Who may use this API over TCP',
  events: 'What happens, as it happens',
} as const;

/** Collects the routes that are registered after it: the document is made from the schemas that check requests and answers. */
export async function describe(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'dfs management API',
        version: VERSION,
        license: { name: 'MIT' },
        description:
          'Over a Unix socket that only the owner of the server may open, and over TCP with bearer tokens. Errors are problem+json (RFC 9457).',
      },
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject;
      return shared(document.openapiObject);
    },
  });
}

/** Moves every schema that has a name to the components, once, and refers to it from where it stood. */
function shared<T extends object>(document: T): T {
  const schemas = new Map<string, unknown>();
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    const { $id, ...rest } = value as { readonly $id?: unknown };
    const visited = Object.fromEntries(Object.entries(rest).map(([key, member]) => [key, visit(member)]));
    if (typeof $id !== 'string') return visited;
    schemas.set($id, visited);
    return { $ref: `#/components/schemas/${$id}` };
  };
  const visited = visit(document) as T & { readonly components?: object };
  const sorted = [...schemas].sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...visited, components: { ...visited.components, schemas: Object.fromEntries(sorted) } };
}
