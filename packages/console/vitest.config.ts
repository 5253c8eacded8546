import { defineConfig } from 'vitest/config';

/** The console in a browser: apart from the other tests, as it needs one. */
export default defineConfig({
  test: { include: ['packages/console/test/**/*.browser.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
});
