import path from 'node:path';
import { expect, it } from 'vitest';
import {
  dataSocketPath,
  defaultDataDirectory,
  MAX_SOCKET_PATH_BYTES,
  memorySocketPath,
  runtimeDirectory,
} from '../src/places.ts';

it('follows XDG, and ignores what is not absolute there', () => {
  expect(defaultDataDirectory({ HOME: '/h' })).toBe('/h/.local/state/dfs');
  expect(defaultDataDirectory({ HOME: '/h', XDG_STATE_HOME: '/s' })).toBe('/s/dfs');
  expect(defaultDataDirectory({ HOME: '/h', XDG_STATE_HOME: 's' })).toBe('/h/.local/state/dfs');
  expect(runtimeDirectory({ XDG_RUNTIME_DIR: '/run/user/1' })).toBe('/run/user/1/dfs');
  expect(path.isAbsolute(runtimeDirectory({}))).toBe(true);
  expect(memorySocketPath(7, { XDG_RUNTIME_DIR: '/r' })).toBe('/r/dfs/memory-7.sock');
});

it('puts the socket into the data directory, unless that is too long for a socket', () => {
  const env = { XDG_RUNTIME_DIR: '/r' };
  expect(dataSocketPath('/d', env)).toBe('/d/api.sock');
  const [a, b] = ['a', 'b'].map((name) => dataSocketPath(`/${name.repeat(MAX_SOCKET_PATH_BYTES)}`, env));
  expect(a).toMatch(/^\/r\/dfs\/data-[0-9a-f]{16}\.sock$/);
  expect(a).not.toBe(b);
  expect(dataSocketPath(`/${'é'.repeat(50)}`, env)).toMatch(/^\/r\/dfs\/data-/);
});
