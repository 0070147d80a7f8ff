/**
 * The shipped scenarios under virtual time: the whole path from bytes to ledger, held against the truth, and the
 * same again byte for byte with the same seed. Each run starts a database, which is most of its time.
 */
import { pino } from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';
import type { VerifyReport } from '../../firmware-sim/app/report.ts';
import { loadScenario } from '../../firmware-sim/app/scenario-file.ts';
import { reportOf } from '../../firmware-sim/app/verify.ts';
import { type RunResult, runVirtually } from '../../firmware-sim/app/virtual-run.ts';
import { DEVICE_KINDS } from '../../firmware-sim/devices/registry.ts';
import { effort } from '../support/effort.ts';

interface ScenarioRun extends RunResult {
  readonly report: VerifyReport;
}

async function run(name: string, seed: number): Promise<ScenarioRun> {
  const scenario = loadScenario(`firmware-sim/scenarios/${name}.yaml`);
  const result = await runVirtually({ scenario, seed, log: pino({ level: 'silent' }) });
  return { ...result, report: reportOf(scenario, seed, 0, result) };
}

/** What was found, as lines, so that a red test says it all. */
const findings = ({ report }: ScenarioRun) =>
  report.findings.map(({ verdict, what }) => `${verdict}: ${what}`);

describe.each([
  ['smoke', [2]],
  ['dock-morning', effort([], [4242])],
])('%s', (name, seeds) => {
  let first: ScenarioRun;
  beforeAll(async () => {
    first = await run(name, 1);
  });

  it('leaves a ledger that matches the world', () => {
    expect(findings(first)).toEqual([]);
    expect(first.report).toMatchObject({
      lost: 0,
      duplicated: 0,
      wrong: 0,
      missedExceptions: 0,
      falseExceptions: 0,
      ledger: first.report.truth,
    });
  });

  it.runIf(name === 'smoke' || effort(false, true))(
    'runs the same again with the same seed, byte for byte and row for row',
    async () => {
      const again = await run(name, 1);
      expect(again.traceHash).toMatch(/^[0-9a-f]{64}$/);
      expect(again.traceHash).toBe(first.traceHash);
      expect(again.ledger).toEqual(first.ledger);
      expect(again.truth).toEqual(first.truth);
    },
  );

  it.each(seeds)('runs otherwise with seed %i, and right as well', async (seed) => {
    const other = await run(name, seed);
    expect(findings(other)).toEqual([]);
    expect(other.traceHash).not.toBe(first.traceHash);
  });

  it('has something to be right about', () => {
    const { truth } = first.report;
    const alwaysThere = [
      'receipts',
      'dispatches',
      'weighings',
      'objects',
      'excursions',
      'holds',
      'shipments',
    ];
    for (const count of alwaysThere) expect(truth, count).toHaveProperty(count, expect.toSatisfy(isPositive));
    if (name === 'smoke') return;
    expect(truth.passages).toBeGreaterThan(0);
    expect(first.truth.passes.filter((pass) => pass.direction === 'TURNED_BACK').length).toBeGreaterThan(1);
    expect(first.truth.faults.length).toBeGreaterThan(0);
    // Goods that came and went out of the cold before and after the warm stretch are not on hold.
    expect(truth.holds).toBeLessThan(truth.objects);
  });
});

describe('broken-devices', () => {
  it('breaks everything that can break', () => {
    const { script, devices } = loadScenario('firmware-sim/scenarios/broken-devices.yaml');
    const broken = script.flatMap((action) => ('fault' in action ? [action.fault] : []));
    for (const kind of DEVICE_KINDS) {
      expect(devices.map(({ model }) => model)).toContain(kind.model);
      expect(broken).toEqual(
        expect.arrayContaining(Object.keys({ ...kind.probeFaults, ...kind.deviceFaults })),
      );
    }
  });

  it('raises what each fault calls for, once, and nothing else', async () => {
    const broken = await run('broken-devices', 1);
    expect(findings(broken)).toEqual([]);
    expect(broken.truth.faults.length).toBeGreaterThan(15);
  });
});

const isPositive = (value: unknown) => typeof value === 'number' && value > 0;
