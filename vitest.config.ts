import { defineConfig } from 'vitest/config';

// Files run in parallel on two cores; each test file owns its ports, directories and databases.
export default defineConfig({
  test: {
    include: ['{protocol,gateway,cloud,firmware-sim,test}/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
