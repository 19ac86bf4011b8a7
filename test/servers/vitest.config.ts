import { defineConfig } from 'vitest/config';

/** Tests that need a server. `npm test` knows nothing of them: it stays offline. */
export default defineConfig({
  test: {
    include: ['test/servers/**/*.server.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
