/** `sim verify`: runs a scenario through gateway and cloud and holds the ledger against the truth. */
import { writeFileSync } from 'node:fs';
import { pino } from 'pino';
import type { Scenario } from '../world/scenario.ts';
import { startLiveSite } from './live-run.ts';
import { isRight, makeReport, renderJunit, renderTable, type VerifyReport } from './report.ts';
import { score } from './score.ts';
import { type RunResult, runVirtually } from './virtual-run.ts';

interface VerifyOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly speed: number | 'virtual';
  readonly lines: 'tcp' | 'pty';
  readonly brokerUrl?: string;
  readonly databaseUrl?: string;
  readonly narrate?: (line: string) => void;
}

export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const began = performance.now();
  const { scenario, seed, speed } = options;
  const plan = {
    scenario,
    seed,
    log: pino({ level: process.env.TALLYPORT_LOG ?? 'silent' }, pino.destination(2)),
    ...(options.narrate === undefined ? {} : { narrate: options.narrate }),
  };
  const result = speed === 'virtual' ? await runVirtually(plan) : await runLive(plan, { ...options, speed });
  return reportOf(scenario, seed, performance.now() - began, result);
}

async function runLive(
  plan: Parameters<typeof startLiveSite>[0],
  options: Parameters<typeof startLiveSite>[1],
): Promise<RunResult> {
  const site = await startLiveSite(plan, options);
  try {
    return await site.finished();
  } finally {
    await site.close();
  }
}

export function reportOf(
  scenario: Scenario,
  seed: number,
  durationMs: number,
  result: RunResult,
  ignoreKinds: ReadonlySet<string> = new Set(),
): VerifyReport {
  const dockDoors = new Set(
    scenario.places.doors.filter((door) => door.outside === undefined).map((door) => door.readPoint),
  );
  return makeReport(
    {
      scenario: scenario.name,
      seed,
      durationMs,
      ...(result.traceHash === undefined ? {} : { traceHash: result.traceHash }),
    },
    score(result.truth, result.ledger, { dockDoors, ignoreKinds }),
  );
}

/** Prints the report as asked; the exit code says whether the ledger was right. */
export function showReport(
  report: VerifyReport,
  options: { json: boolean; junit?: string | undefined },
  write: (text: string) => void,
): number {
  if (options.junit !== undefined) writeFileSync(options.junit, renderJunit(report));
  write(options.json ? `${JSON.stringify(report)}\n` : renderTable(report));
  return isRight(report) ? 0 : 1;
}
