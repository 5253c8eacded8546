import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const SOURCES = /\.(js|css|html|svg)$/;
const BROWSER_CHECKS = path.resolve(import.meta.dirname, '../api/src/browser-checks.ts');

/** Beside each file its compressed form, so that the server need not compress while it serves NFS. */
function compress(): Plugin {
  let folder = '';
  return {
    name: 'compress',
    configResolved(config) {
      folder = path.resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        const file = path.join(folder, name);
        if (SOURCES.test(name)) writeFileSync(`${file}.br`, brotliCompressSync(readFileSync(file)));
      }
    },
  };
}

/** Compiled checks need eval, which the console's content security policy forbids. */
function checksWithoutEval(): Plugin {
  return {
    name: 'checks-without-eval',
    enforce: 'pre',
    resolveId: (source) => (source.endsWith('/checks.ts') ? BROWSER_CHECKS : undefined),
  };
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [checksWithoutEval(), compress()],
  build: { outDir: 'dist', emptyOutDir: true, modulePreload: false, reportCompressedSize: false },
  logLevel: 'warn',
});
