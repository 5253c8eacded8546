import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './rig/process.ts';

/**
 * What the workloads work on, made here and the same every time: a tree of files, a git repository that holds it, and
 * the sources of a C program. The guest sees them through the host's root.
 */

const FOLDERS = 24;
const FILES_PER_FOLDER = 50;
const LARGEST = 24_000;
const SOURCES = 40;
const FUNCTIONS_PER_SOURCE = 30;
const LIMIT_MS = 60_000;
/** Of every file and commit, so that archives and hashes come out the same. */
const WHEN = 1_700_000_000;

const words =
  'lease session slot stateid verifier cookie change owner compound channel delegate reclaim'.split(' ');

function lines(seed: number, bytes: number): string {
  let text = '';
  for (let n = seed; text.length < bytes; n = (n * 48_271) % 2_147_483_647) {
    text += `${words[n % words.length]}-${n % 9973}${n % 7 === 0 ? '\n' : ' '}`;
  }
  return `${text.slice(0, bytes)}\n`;
}

function makeTree(dir: string): void {
  let number = 1;
  for (let folder = 0; folder < FOLDERS; folder++) {
    const name = join(dir, `module-${String(folder).padStart(2, '0')}`);
    mkdirSync(join(name, 'inner', 'most'), { recursive: true });
    for (let file = 0; file < FILES_PER_FOLDER; file++, number++) {
      const place = file % 10 === 0 ? join(name, 'inner', 'most') : name;
      const path = join(place, `file-${file}.txt`);
      writeFileSync(path, lines(number, (number * 7919) % LARGEST), { mode: file % 9 === 0 ? 0o755 : 0o644 });
      utimesSync(path, WHEN + number, WHEN + number);
    }
    symlinkSync('file-1.txt', join(name, 'link'));
  }
  writeFileSync(join(dir, 'random.bin'), Buffer.from(lines(12345, LARGEST * 40), 'latin1'));
}

async function makeRepository(tree: string, dir: string): Promise<void> {
  const identity = { name: 'dfs test', email: 'test@example.invalid', date: `${WHEN} +0000` };
  const env = {
    PATH: process.env['PATH'],
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: identity.name,
    GIT_AUTHOR_EMAIL: identity.email,
    GIT_AUTHOR_DATE: identity.date,
    GIT_COMMITTER_NAME: identity.name,
    GIT_COMMITTER_EMAIL: identity.email,
    GIT_COMMITTER_DATE: identity.date,
  };
  const git = (...args: string[]): Promise<string> =>
    must('git', ['--git-dir', dir, '--work-tree', tree, ...args], { timeoutMs: LIMIT_MS, env });
  mkdirSync(dir);
  await git('init', '-q', '-b', 'main');
  await git('config', 'core.bare', 'false');
  await git('add', '--all', '.');
  await git('commit', '-q', '-m', 'Everything');
}

function sourceFile(number: number): string {
  const functions = Array.from({ length: FUNCTIONS_PER_SOURCE }, (_, n) => {
    const body = `  unsigned long v = seed ^ ${number * 1000 + n}UL;
  for (int i = 0; i < ROUNDS; i++) v = (v * 6364136223846793005UL + ${n * 2 + 1}UL) ^ (v >> ${(n % 13) + 7});
  return v % MODULUS;`;
    return `static unsigned long step_${n}(unsigned long seed)\n{\n${body}\n}\n`;
  });
  const calls = functions.map((_, n) => `  sum += step_${n}(sum + ${n});`).join('\n');
  const entry = `unsigned long part_${number}(unsigned long sum)\n{\n${calls}\n  return sum % MODULUS;\n}\n`;
  return `#include "common.h"\n\n${functions.join('\n')}\n${entry}`;
}

/** The program adds up what its parts answer; the expected sum is what gcc's result on the host says. */
async function makeProgram(dir: string): Promise<void> {
  mkdirSync(dir);
  const numbers = Array.from({ length: SOURCES }, (_, n) => n);
  const declarations = numbers.map((n) => `unsigned long part_${n}(unsigned long sum);`).join('\n');
  const header = `#define MODULUS 1000003UL\n#define ROUNDS 5\n#include <stdio.h>\n${declarations}\n`;
  writeFileSync(join(dir, 'common.h'), header);
  for (const n of numbers) writeFileSync(join(dir, `part-${n}.c`), sourceFile(n));
  const calls = numbers.map((n) => `  sum = part_${n}(sum);`).join('\n');
  const main = `#include "common.h"\n\nint main(void)\n{\n  unsigned long sum = 1;\n${calls}\n`;
  writeFileSync(join(dir, 'main.c'), `${main}  printf("%lu\\n", sum);\n  return 0;\n}\n`);
  const objects = `OBJECTS := main.o ${numbers.map((n) => `part-${n}.o`).join(' ')}`;
  const rules =
    'program: $(OBJECTS)\n\t$(CC) -o $@ $(OBJECTS)\n%.o: %.c common.h\n\t$(CC) -O1 -g -Wall -c -o $@ $<\n';
  writeFileSync(join(dir, 'Makefile'), `${objects}\n${rules}`);
  const sources = ['main.c', ...numbers.map((n) => `part-${n}.c`)];
  const built = join(dir, '..', 'program-on-host');
  await must('gcc', ['-O1', '-o', built, ...sources], { timeoutMs: LIMIT_MS, cwd: dir });
  writeFileSync(join(dir, 'expected'), await must(built, [], { timeoutMs: LIMIT_MS }));
}

/** Makes all of it in a new folder. */
export async function makeFixtures(dir: string): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const tree = join(dir, 'tree');
  makeTree(tree);
  await makeRepository(tree, join(dir, 'repository'));
  await makeProgram(join(dir, 'program'));
}
