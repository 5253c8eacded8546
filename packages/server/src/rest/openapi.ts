import { ROUTES } from '@dfs/api';
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
  backup: 'Copies of the data directory',
  tokens: 'Who may use this API over TCP',
  events: 'What happens, as it happens',
  history: 'The last hour',
  console: 'Signing in to the web console',
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
      return optionalBodies(shared(document.openapiObject));
    },
  });
}

/** Where the name of a schema survives what the documenting plugin does to schemas. */
const NAME = 'x-dfs-name';

/** The same with the name of each named schema noted, for {@link shared}. */
export function marked<T extends object>(schema: T): T {
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    const { $id, ...rest } = value as { readonly $id?: unknown };
    const visited = Object.fromEntries(Object.entries(rest).map(([key, member]) => [key, visit(member)]));
    return typeof $id === 'string' ? { ...visited, [NAME]: $id } : visited;
  };
  return visit(schema) as T;
}

/** The plugin takes every body for required; those whose members may all be left out may be left out themselves. */
function optionalBodies<T extends { readonly paths?: object }>(document: T): T {
  for (const route of Object.values(ROUTES)) {
    if (!('bodyOptional' in route)) continue;
    const path = route.path.replaceAll(/:([a-z_]+)/g, '{$1}');
    const operations = new Map<string, unknown>(Object.entries(document.paths ?? {}));
    const operation = (operations.get(path) as Record<string, { requestBody?: { required?: boolean } }>)[
      route.method.toLowerCase()
    ];
    if (operation?.requestBody !== undefined) operation.requestBody.required = false;
  }
  return document;
}

/** Moves every schema that has a name to the components, once, and refers to it from where it stood. */
function shared<T extends object>(document: T): T {
  const schemas = new Map<string, unknown>();
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    const { [NAME]: name, ...rest } = value as { readonly [NAME]?: unknown };
    const visited = Object.fromEntries(Object.entries(rest).map(([key, member]) => [key, visit(member)]));
    if (typeof name !== 'string') return visited;
    schemas.set(name, visited);
    return { $ref: `#/components/schemas/${name}` };
  };
  const visited = visit(document) as T & { readonly components?: object };
  const sorted = [...schemas].sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...visited, components: { ...visited.components, schemas: Object.fromEntries(sorted) } };
}
