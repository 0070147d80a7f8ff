import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes minutes begins first, so that a run does not end with one worker in it and the others idle. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { long = [], short = [] } = Object.groupBy(await super.sort(files), ({ moduleId }) =>
      /\/test\/(e2e|scenario|simulation)\//.test(moduleId) ? 'long' : 'short',
    );
    return [...long, ...short];
  }
}

/**
 * Each file owns its ports, directories and tables, but not its process: a worker takes one file after the other, so
 * that modules are loaded and databases started once per worker. Of four workers two mostly wait: for a
 * scaled clock, a disk or a process.
 */
export default defineConfig({
  test: {
    include: ['{protocol,gateway,cloud,firmware-sim,test}/**/*.test.ts'],
    globalSetup: 'test/support/vitest-run.setup.ts',
    setupFiles: 'test/support/vitest-file.setup.ts',
    // For workers and the processes they start.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/tallyport') },
    pool: 'forks',
    isolate: false,
    maxWorkers: 4,
    sequence: { sequencer: LongFirst },
    // For what hangs. How fast the machine is must not matter.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 300_000 } },
  },
});
