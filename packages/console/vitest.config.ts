import { defineConfig } from 'vitest/config';

/** The console in a browser: apart from the other tests, as it needs one. Files side by side: they mostly wait. */
export default defineConfig({
  test: {
    include: ['packages/console/test/**/*.browser.ts'],
    globalSetup: ['packages/console/test/support/build.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 3,
  },
});
