import { defineConfig } from 'vitest/config';

/**
 * Files run in parallel on two cores. Each owns its ports, directories and tables, but not its process: a worker
 * takes one file after the other, so that modules are loaded and databases started once per worker.
 */
export default defineConfig({
  test: {
    include: ['{protocol,gateway,cloud,firmware-sim,test}/**/*.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    setupFiles: 'test/support/setup.ts',
    pool: 'forks',
    isolate: false,
    maxWorkers: 2,
    // For what hangs. How fast the machine is must not matter.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 300_000 } },
  },
});
