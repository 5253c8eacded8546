import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Context,
  checkName,
  contextsFile,
  isOpenToOthers,
  readContexts,
  writeContexts,
} from '../src/remote/contexts.ts';
import { places, serverUrl } from '../src/remote/endpoint.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'dfsctl-contexts-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const env = (more: Record<string, string> = {}) => ({ HOME: home, XDG_RUNTIME_DIR: home, ...more });
const NAS = { server: 'https://nas.example:8443', token: 'secret' };

function write(text: string): void {
  const file = contextsFile(env());
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

describe('contexts', () => {
  it('are kept in a file that only its owner may read, also where it was open before', () => {
    write('contexts: {}');
    chmodSync(contextsFile(env()), 0o644);
    expect(isOpenToOthers(env())).toBe(true);
    writeContexts(env(), { current: 'nas', contexts: new Map([['nas', NAS]]) });
    expect(statSync(contextsFile(env())).mode & 0o777).toBe(0o600);
    expect(isOpenToOthers(env())).toBe(false);
    expect(contextsFile(env())).toBe(path.join(home, '.config/dfs/contexts.yaml'));
    expect(readContexts(env())).toEqual({ current: 'nas', contexts: new Map([['nas', NAS]]) });
    expect(readFileSync(contextsFile(env()), 'utf8')).toContain('current: nas');
  });

  it('are none where there is no file', () => {
    expect(readContexts(env())).toEqual({ current: undefined, contexts: new Map() });
  });

  it.each([
    '[',
    '- a',
    'contexts: 3',
    'contexts: {a: 3}',
    'contexts: {a: {}}',
    'contexts: {a: {server: 3}}',
    'contexts: {a: {server: "https://x", socket: /y}}',
    'current: b\ncontexts: {a: {server: "https://x"}}',
  ])('are refused with the file named where they are %j', (text) => {
    write(text);
    expect(() => readContexts(env())).toThrow(contextsFile(env()));
  });

  it.each(['', 'a b', '-x', 'local', '../x', 'x'.repeat(65)])('are not called %j', (name) => {
    expect(() => checkName(name)).toThrow();
  });
});

describe('the server that is asked', () => {
  const found = (flags: Parameters<typeof places>[0], more?: Record<string, string>) =>
    places(flags, env(more));

  it('is decided by flags, then variables, then the context in use', () => {
    writeContexts(env(), {
      current: 'nas',
      contexts: new Map<string, Context>([
        ['nas', NAS],
        ['sock', { socket: '/s' }],
      ]),
    });
    const url = new URL(NAS.server);
    expect(found({})).toEqual([{ url, token: 'secret' }]);
    expect(found({ context: 'sock' })).toEqual([{ socketPath: '/s' }]);
    expect(found({}, { DFS_CONTEXT: 'sock' })).toEqual([{ socketPath: '/s' }]);
    expect(found({}, { DFS_API_SOCKET: '/v' })).toEqual([{ socketPath: '/v' }]);
    expect(found({ socket: '/f' }, { DFS_API_SOCKET: '/v' })).toEqual([{ socketPath: '/f' }]);
    expect(found({}, { DFS_API_TOKEN: 'other' })).toEqual([{ url, token: 'other' }]);
    expect(found({ context: 'local' }).map((place) => 'socketPath' in place)).toEqual([true, true]);
  });

  it('does not get the token of another', () => {
    writeContexts(env(), { current: 'nas', contexts: new Map([['nas', NAS]]) });
    expect(found({ server: 'https://other.example' })).toEqual([{ url: new URL('https://other.example') }]);
    expect(found({}, { DFS_API_SERVER: 'https://other.example' })).toEqual([
      { url: new URL('https://other.example') },
    ]);
  });

  it('must be one', () => {
    expect(() => found({ socket: '/a', server: 'https://b' })).toThrow('exclude each other');
    expect(() => found({}, { DFS_API_SOCKET: '/a', DFS_API_SERVER: 'https://b' })).toThrow('unset one');
    expect(() => found({ context: 'nobody' })).toThrow('no context');
    expect(() => found({ server: 'https://b', ca: '/nowhere.pem' })).toThrow('--ca');
  });

  it.each(['nas', 'ftp://nas', 'https://nas/path', 'https://me:pw@nas', 'https://nas?x'])(
    'is not %j',
    (text) => {
      expect(() => serverUrl(text)).toThrow('no address of a server');
    },
  );
});
