import { readFileSync } from 'node:fs';
import { EVENTS_PATH, METRICS_PATH, OPENAPI_PATH, ROUTES } from '@dfs/api';
import { expect, it } from 'vitest';
import { OPENAPI_DOC, openapiText } from '../../../scripts/openapi-doc.ts';
import { run } from './helpers/running.ts';

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { readonly operationId?: string }>>;
  readonly components: { readonly schemas: Record<string, unknown> };
}

it('the OpenAPI document has every route, and refers only to what it holds', async () => {
  const { api } = await run();
  const document = (await api.openapi()) as Document;
  expect(document.openapi).toBe('3.1.0');
  for (const [name, { method, path }] of Object.entries(ROUTES)) {
    const operation = document.paths[path.replace(/:([a-z_]+)/g, '{$1}')]?.[method.toLowerCase()];
    expect([name, operation?.operationId]).toEqual([name, name]);
  }
  for (const path of [EVENTS_PATH, METRICS_PATH, OPENAPI_PATH]) expect(document.paths[path]).toBeDefined();
  const references = JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g);
  for (const [, reference = ''] of references) {
    const name = /^#\/components\/schemas\/(\w+)$/.exec(reference)?.[1] ?? '';
    expect([reference, document.components.schemas[name] !== undefined]).toEqual([reference, true]);
  }
  expect(JSON.stringify(document)).not.toContain('x-dfs-name');
});

it('docs/openapi.json is what a server says', async () => {
  const { api } = await run();
  expect(readFileSync(OPENAPI_DOC, 'utf8')).toBe(openapiText(await api.openapi()));
});
