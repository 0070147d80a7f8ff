/**
 * The scenarios over real transports on a scaled clock: TCP, serial devices on ptys, real brokers, a real HTTP API.
 * With TALLYPORT_BROKER_URL and DATABASE_URL (npm run check, CI) also through any MQTT broker and PostgreSQL, where
 * the whole dock morning must leave the ledger that it leaves in virtual time.
 */
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { LedgerView } from '../../firmware-sim/app/ledger-view.ts';
import { type LiveRunOptions, startLiveSite } from '../../firmware-sim/app/live-run.ts';
import { loadScenario } from '../../firmware-sim/app/scenario-file.ts';
import { reportOf } from '../../firmware-sim/app/verify.ts';
import { type RunResult, runVirtually } from '../../firmware-sim/app/virtual-run.ts';

const { DATABASE_URL: databaseUrl, TALLYPORT_BROKER_URL: brokerUrl } = process.env;
const SEED = 3;
const LEAD_SECONDS = 15;
const log = pino({ level: 'silent' });

async function runLive(name: string, options: LiveRunOptions): Promise<RunResult> {
  const scenario = loadScenario(`firmware-sim/scenarios/${name}.yaml`);
  const site = await startLiveSite({ scenario, seed: SEED, log }, { leadSeconds: LEAD_SECONDS, ...options });
  try {
    return await site.finished();
  } finally {
    await site.close();
  }
}

function findings(name: string, result: RunResult): string[] {
  const scenario = loadScenario(`firmware-sim/scenarios/${name}.yaml`);
  return reportOf(scenario, SEED, 0, result).findings.map(({ verdict, what }) => `${verdict}: ${what}`);
}

/** What does not hang on the moment at which a reader said it. */
function essence({ events, objects, holds, exceptions, shipments }: LedgerView) {
  const passes = events.filter((event) => event.type !== 'weighing');
  return {
    passes: passes.map(passText).toSorted(),
    weighings: events.length - passes.length,
    objects: objects
      .map(({ epc, location, gtin, lot, onHold }) => `${epc} ${location} ${gtin} ${lot} ${onHold}`)
      .toSorted(),
    holds: holds.map(({ epc, status }) => `${epc} ${status}`).toSorted(),
    exceptions: exceptions.map(({ kind, readPoint, status }) => `${kind} ${readPoint} ${status}`).toSorted(),
    shipments: shipments.map(({ id, expected, actual }) => `${id} ${actual} of ${expected}`).toSorted(),
  };
}

function passText({ type, readPoint, body }: LedgerView['events'][number]): string {
  const epcs = (body.tags as { epc: string }[]).map((tag) => tag.epc).toSorted();
  return `${type} ${readPoint} ${body.direction} ${epcs.join(' ')}`;
}

describe('over real transports', () => {
  it('the smoke run over TCP, ptys and embedded engines leaves a ledger that matches the world', async () => {
    const result = await runLive('smoke', { speed: 8, lines: 'pty' });
    expect(findings('smoke', result)).toEqual([]);
    expect(result.ledger.events.length).toBeGreaterThan(3);
  });

  it.runIf(databaseUrl && brokerUrl)(
    'the dock morning over ptys, a broker and PostgreSQL leaves the ledger of the virtual run',
    async () => {
      const result = await runLive('dock-morning', {
        speed: 16,
        lines: 'pty',
        ...(brokerUrl === undefined ? {} : { brokerUrl }),
        ...(databaseUrl === undefined ? {} : { databaseUrl }),
      });
      expect(findings('dock-morning', result)).toEqual([]);
      const scenario = loadScenario('firmware-sim/scenarios/dock-morning.yaml');
      const virtual = await runVirtually({ scenario, seed: SEED, log });
      expect(essence(result.ledger)).toEqual(essence(virtual.ledger));
    },
  );
});
