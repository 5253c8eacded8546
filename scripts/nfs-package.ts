// Builds @dfs/nfs for those who install it, as a folder that npm can pack or publish: node scripts/nfs-package.ts [FOLDER]
// Node.js runs TypeScript, but not what lies under node_modules, so the package is JavaScript with its types. In this workspace it is run from
// its sources, which is why it has another package.json there.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const PACKAGE = path.join(ROOT, 'packages/nfs');
/** Where the package has its JavaScript. */
const CODE = 'lib';

interface Manifest {
  readonly exports: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** Of what is built: its exports are JavaScript, and anybody may publish it. */
function builtManifest(): Record<string, unknown> {
  const source = JSON.parse(readFileSync(path.join(PACKAGE, 'package.json'), 'utf8')) as Manifest;
  const { private: _private, scripts: _scripts, exports, ...rest } = source;
  const entries = Object.entries(exports).map(([name, file]) => {
    const built = file.replace(/^\.\/src\//, `./${CODE}/`).replace(/\.ts$/, '');
    return [name, { types: `${built}.d.ts`, default: `${built}.js` }] as const;
  });
  return { ...rest, exports: Object.fromEntries(entries) };
}

const folder = path.resolve(process.argv[2] ?? path.join(PACKAGE, 'dist'));
rmSync(path.join(folder, CODE), { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const compiler = path.join(ROOT, 'node_modules/typescript/bin/tsc');
const project = path.join(PACKAGE, 'tsconfig.build.json');
execFileSync(process.execPath, [compiler, '-p', project, '--outDir', path.join(folder, CODE)], {
  stdio: 'inherit',
});
writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(builtManifest(), undefined, 2)}\n`);
copyFileSync(path.join(PACKAGE, 'README.md'), path.join(folder, 'README.md'));
copyFileSync(path.join(ROOT, 'LICENSE'), path.join(folder, 'LICENSE'));
console.log(folder);
