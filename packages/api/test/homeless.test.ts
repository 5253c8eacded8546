import { expect, it, vi } from 'vitest';
import { defaultDataDirectory, homeDirectory } from '../src/places.ts';

// What Node.js does for a user whom the system does not know, as a container's may be, without HOME.
vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  homedir: () => {
    throw new Error('uv_os_homedir returned ENOENT');
  },
}));

it('takes the root for the home of a user who has none', () => {
  expect(homeDirectory({})).toBe('/');
  expect(homeDirectory({ HOME: 'not absolute' })).toBe('/');
  expect(homeDirectory({ HOME: '/home/alice' })).toBe('/home/alice');
  expect(defaultDataDirectory({})).toBe('/.local/state/dfs');
});
