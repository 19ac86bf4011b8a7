import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    maxWorkers: 2,
    // A crowded machine is slow; what hangs is found all the same.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
