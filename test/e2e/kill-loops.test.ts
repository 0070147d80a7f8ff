/**
 * SIGKILL of every part of a site under load, again and again, and what the journals promised is in the ledger once.
 * The long form is `npm run kill-loop`.
 */
import { describe, expect, it } from 'vitest';
import { effort } from '../support/effort.ts';
import { mosquittoFound, natsFound, postgresFound } from '../support/engines.ts';
import { runKillLoop } from './kill-loop/kill-loop.ts';

const LOAD = { gateways: 2, entriesPerSecond: 40 };
const NOTHING = { lost: [], doubled: [], torn: [], holes: [], disordered: [], newEpochs: [] };

describe('SIGKILL at any moment', () => {
  it('of gateways and of a cloud with all that is embedded in it loses no promised event and takes none twice', async () => {
    const plan = { link: 'embedded', database: 'pglite', seed: 11, rounds: effort(1, 3), ...LOAD } as const;
    const report = await runKillLoop(plan);
    expect(report).toMatchObject({ ok: true, findings: NOTHING, complaints: [], deaths: [] });
    expect(report.findings.promised).toBeGreaterThan(0);
  });

  it.runIf(natsFound)(
    'of gateways, a cloud and NATS loses no promised event and takes none twice',
    async () => {
      const plan = { link: 'nats', database: 'pglite', seed: 13, rounds: effort(1, 3), ...LOAD } as const;
      const report = await runKillLoop(plan);
      expect(report).toMatchObject({ ok: true, findings: NOTHING, complaints: [], deaths: [] });
      expect(report.findings.promised).toBeGreaterThan(0);
    },
  );

  it.runIf(mosquittoFound && postgresFound)(
    'of gateways, either of two clouds, Mosquitto and PostgreSQL loses no promised event and takes none twice',
    async () => {
      const plan = {
        link: 'mosquitto',
        database: 'postgres',
        seed: 12,
        rounds: effort(2, 5),
        ...LOAD,
      } as const;
      const report = await runKillLoop(plan);
      expect(report).toMatchObject({ ok: true, findings: NOTHING, complaints: [], deaths: [] });
      expect(report.findings.promised).toBeGreaterThan(0);
    },
  );
});
