/**
 * Runs the test file of a mutation in its workspace. Only a test that failed catches a mutation: a file that did not
 * even load proves that the mutation is no program, not that it was noticed.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Mutation } from './mutation.ts';
import { runBounded } from './run-bounded.ts';
import type { Verdict } from './verdict.ts';

const reportSchema = z.object({
  numTotalTests: z.number(),
  testResults: z.array(
    z.object({
      message: z.string().optional(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

/** The real engines of the surrounding run are for those mutations only that need them: they cost time. */
function testEnvironment({ needs }: Mutation): NodeJS.ProcessEnv {
  const { DATABASE_URL: database, TALLYPORT_BROKER_URL: _broker, ...env } = process.env;
  const whole = { ...env, TALLYPORT_TESTS: 'all' };
  return needs === 'DATABASE_URL' ? { ...whole, DATABASE_URL: database } : whole;
}

export async function judgeByTests(folder: string, mutation: Mutation, limitMs: number): Promise<Verdict> {
  const { judge: testFile } = mutation;
  const report = join(folder, '.mutation-report.json');
  rmSync(report, { force: true });
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', testFile, '--bail', '1', '--maxWorkers', '1'];
  const args = [...vitest, '--reporter', 'json', '--outputFile', report];
  const { code, output } = await runBounded(args, { cwd: folder, limitMs, env: testEnvironment(mutation) });
  if (code === undefined)
    return { kind: 'caught', by: `${testFile}: no end within ${Math.round(limitMs / 1000)} s` };
  const read = readReport(report);
  if (read === undefined) return { kind: 'broken', why: lastLines(output) };
  const tests = read.testResults.flatMap((file) => file.assertionResults);
  const failed = tests.find((test) => test.status === 'failed');
  if (failed !== undefined) return { kind: 'caught', by: failed.fullName };
  if (code === 0 && read.numTotalTests > 0) return { kind: 'survived' };
  return {
    kind: 'broken',
    why: read.testResults.map((file) => file.message ?? '').join('\n') || lastLines(output),
  };
}

function readReport(file: string): z.infer<typeof reportSchema> | undefined {
  try {
    return reportSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // It ended before it could write one.
    return undefined;
  }
}

const lastLines = (output: string) => output.trim().split('\n').slice(-12).join('\n');
