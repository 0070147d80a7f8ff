/** The result of a verification: one object for machines, a table for people, JUnit for CI. */
import type { Counts, Finding, Score } from './score.ts';

export interface VerifyReport {
  readonly scenario: string;
  readonly seed: number;
  readonly truth: Counts;
  readonly ledger: Counts;
  readonly lost: number;
  readonly duplicated: number;
  readonly wrong: number;
  readonly missedExceptions: number;
  readonly falseExceptions: number;
  /** SHA-256 over every byte between devices and gateway and every stock event; virtual runs only. */
  readonly traceHash?: string;
  readonly durationMs: number;
  readonly findings: readonly Finding[];
}

export function makeReport(
  run: { scenario: string; seed: number; durationMs: number; traceHash?: string },
  score: Score,
): VerifyReport {
  const count = (verdict: Finding['verdict']) =>
    score.findings.filter((finding) => finding.verdict === verdict).length;
  return {
    scenario: run.scenario,
    seed: run.seed,
    truth: score.truth,
    ledger: score.ledger,
    lost: count('lost'),
    duplicated: count('duplicated'),
    wrong: count('wrong'),
    missedExceptions: count('missed exception'),
    falseExceptions: count('false exception'),
    ...(run.traceHash === undefined ? {} : { traceHash: run.traceHash }),
    durationMs: Math.round(run.durationMs),
    findings: score.findings,
  };
}

export const isRight = (report: VerifyReport): boolean => report.findings.length === 0;

export function renderTable(report: VerifyReport): string {
  const rows = (Object.keys(report.truth) as (keyof Counts)[]).map((name) => {
    const [truth, ledger] = [report.truth[name], report.ledger[name]];
    return `  ${name.padEnd(12)}${String(truth).padStart(8)}${String(ledger).padStart(10)}   ${truth === ledger ? 'ok' : '≠'}`;
  });
  const verdict = isRight(report)
    ? 'The ledger matches the world: nothing lost, nothing twice.'
    : `The ledger does NOT match: ${report.lost} lost, ${report.duplicated} duplicated, ${report.wrong} wrong, ${report.missedExceptions} exceptions missed, ${report.falseExceptions} false.`;
  return [
    `${report.scenario}, seed ${report.seed}`,
    `  ${''.padEnd(12)}${'truth'.padStart(8)}${'ledger'.padStart(10)}`,
    ...rows,
    '',
    ...report.findings.slice(0, 30).map((finding) => `  ${finding.verdict}: ${finding.what}`),
    ...(report.findings.length > 30
      ? [`  … and ${report.findings.length - 30} more (--json shows all)`]
      : []),
    verdict,
    '',
  ].join('\n');
}

const xml = (text: string) => text.replace(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

export function renderJunit(report: VerifyReport): string {
  const checks = ['lost', 'duplicated', 'wrong', 'missed exception', 'false exception'] as const;
  const cases = checks.map((verdict) => {
    const found = report.findings.filter((finding) => finding.verdict === verdict);
    const body =
      found.length === 0
        ? ''
        : `<failure message="${found.length} ${verdict}">${xml(found.map((finding) => finding.what).join('\n'))}</failure>`;
    return `    <testcase classname="${xml(report.scenario)}" name="no ${verdict}">${body}</testcase>`;
  });
  const failures = checks.filter((verdict) =>
    report.findings.some((finding) => finding.verdict === verdict),
  ).length;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="${xml(report.scenario)} seed ${report.seed}" tests="${checks.length}" failures="${failures}" time="${(report.durationMs / 1000).toFixed(3)}">
${cases.join('\n')}
  </testsuite>
</testsuites>
`;
}
