// Writes docs/openapi.json, as a server that it starts for that describes itself: node scripts/openapi-doc.ts
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ApiClient } from '../packages/api/src/client-index.ts';

export const OPENAPI_DOC = new URL('../docs/openapi.json', import.meta.url);

const MAIN = fileURLToPath(new URL('../packages/server/src/main.ts', import.meta.url));

export function openapiText(document: unknown): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

async function write(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dfs-openapi-'));
  const socketPath = path.join(folder, 'api.sock');
  const flags = ['start', '--no-config', '--memory', '--listen', '127.0.0.1:0', '--api-socket', socketPath];
  const server = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    for await (const chunk of server.stdout) if (String(chunk).includes('"ready"')) break;
    writeFileSync(OPENAPI_DOC, openapiText(await new ApiClient({ socketPath }).openapi()));
  } finally {
    server.kill();
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await write();
