/**
 * A gateway that is a client of the site's Mosquitto, killed between the journal's commit and its answer to the
 * broker, and while it is away: each sample of a sensor that gives its own time is in the journal, under that time.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { GatewayStatus } from '../../gateway/app/status/gateway-status.ts';
import { stampAt } from '../../gateway/journal/worker/journal.fixture.ts';
import { openJournal } from '../../gateway/journal/worker/open-journal.ts';
import { cutter } from '../contract/messages/cutter.ts';
import { clock, closeAll, closers, device, mosquitto } from '../contract/messages/rigs.ts';
import { mosquittoFound } from '../support/engines.ts';
import { freePort, startProcess, until } from '../support/processes.ts';

const LIMIT_MS = 90_000;

afterEach(closeAll);

describe.runIf(mosquittoFound)('a site broker', () => {
  test(
    'killed between commit and PUBACK: nothing is lost, and each sample keeps its own time',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tallyport-site-broker-'));
      closers.push(() => rmSync(folder, { recursive: true, force: true }));
      const { url } = await mosquitto();
      const link = await cutter(url);
      const statusPort = await freePort();
      const file = join(folder, 'gateway.yaml');
      const config = {
        gateway: { id: 'gw-1' },
        dataDir: folder,
        status: { port: statusPort },
        brokers: { hall: { url: link.url } },
        devices: [{ id: 'zigbee', driver: 'zigbee2mqtt', address: 'mqtt:hall' }],
        readPoints: [
          {
            id: 'cold-1',
            kind: 'condition',
            device: 'zigbee',
            channel: 'probe',
            metrics: { temperature: { deadBandMilli: 1 } },
            heartbeatMs: 300_000,
          },
        ],
      };
      writeFileSync(file, stringify(config));
      const status = async (): Promise<GatewayStatus | undefined> => {
        const answer = await fetch(`http://127.0.0.1:${statusPort}/status.json`).catch(() => undefined);
        return answer?.ok === true ? ((await answer.json()) as GatewayStatus) : undefined;
      };
      const start = async () => {
        const gateway = startProcess(process.execPath, ['gateway/app/main.ts', '--config', file]);
        closers.push(() => gateway.kill());
        await until(`the gateway at its broker\n${gateway.output()}`, async () => {
          return (await status())?.devices[0]?.state === 'connected';
        });
        return gateway;
      };
      const inJournal = async () => (await status())?.journal.lanes.condition?.waiting ?? 0;

      const bridge = await device(url);
      const bornAt = Date.now() - 60_000;
      const timeOf = (index: number) => bornAt + index * 1_000;
      const sample = (index: number) =>
        bridge.publishAsync(
          'zigbee2mqtt/probe',
          JSON.stringify({
            temperature: 3 + index / 10,
            last_seen: new Date(timeOf(index)).toISOString(),
          }),
          { qos: 1 },
        );

      let gateway = await start();
      await sample(0);
      await until('the first', async () => (await inJournal()) === 1);
      link.swallow();
      for (const index of [1, 2, 3]) await sample(index);
      await until('the commit of those whose answer is lost', async () => (await inJournal()) === 4);
      await gateway.kill();
      for (const index of [4, 5]) await sample(index);
      link.cut();
      gateway = await start();
      await until('what came again and what was missed', async () => (await inJournal()) >= 6);
      await sample(6);
      await until('the last', async () => (await inJournal()) >= 10);
      const shown = async (path: string) => (await fetch(`http://127.0.0.1:${statusPort}${path}`)).text();
      expect(await shown('/metrics')).toContain('tallyport_gateway_site_broker_connected{broker="hall"} 1');
      expect(await shown('/')).toContain('connected, MQTT 5, session taken up again');
      await gateway.stop();

      const journal = await openJournal({
        file: join(folder, 'journal.db'),
        clock,
        stamp: () => stampAt(clock.now()),
      });
      closers.push(() => journal.close());
      const slice = await journal.read('condition', 0, 100, 1_000_000);
      const samples = (slice?.records ?? []).flatMap(({ event }) =>
        event.type === 'sample' ? [`${event.occurredAt} ${event.valueMilli}`] : [],
      );
      const sent = [0, 1, 2, 3, 4, 5, 6].map((index) => `${timeOf(index)} ${3_000 + index * 100}`);
      // The three that came again are the same samples at the same times: of one instant one stands in the ledger.
      expect([...new Set(samples)]).toEqual(sent);
      expect(samples).toHaveLength(10);
    },
    LIMIT_MS,
  );
});
