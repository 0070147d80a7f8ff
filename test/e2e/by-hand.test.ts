/** What a person with a broker client can do: a tag list written by hand shows up in stock. */
import { spawnSync } from 'node:child_process';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/processes.ts';
import { IMPINJ_DOOR, type SmallSite, startSmallSite } from '../support/small-site.ts';

/** SGTIN-96 of 19521141000011, serials 1 to 3, as an R700 would report them. */
const CASES = ['3056451fd461a84000000001', '3056451fd461a84000000002', '3056451fd461a84000000003'];
const GTIN = '19521141000011';

let site: SmallSite;
beforeAll(async () => {
  site = await startSmallSite([IMPINJ_DOOR.device], [IMPINJ_DOOR.readPoint]);
});
afterAll(() => site?.close());

async function publish(topic: string, payload: string): Promise<void> {
  const { hostname, port } = new URL(site.deviceBroker);
  const args = ['-h', hostname, '-p', port, '-q', '1', '-t', topic, '-m', payload];
  const tool = spawnSync('mosquitto_pub', args, { encoding: 'utf8', timeout: 10_000 });
  if (tool.error === undefined) {
    expect(tool).toMatchObject({ status: 0, stderr: '' });
    return;
  }
  const client = await connectAsync(site.deviceBroker, { protocolVersion: 4 });
  await client.publishAsync(topic, payload, { qos: 1 });
  await client.endAsync();
}

describe('a tag list published by hand to the broker of the gateway', () => {
  it('shows up in stock, by item and place, and each case by itself', async () => {
    const list = CASES.map((epcHex) => ({
      eventType: 'tagInventory',
      tagInventoryEvent: { epcHex, antennaPort: 1, peakRssiCdbm: -4500 },
    }));
    await publish('door/events', JSON.stringify(list));

    type Stock = { items: { gtin: string; location: string; objects: number }[] };
    let stock: Stock = { items: [] };
    await until('the stock to show it', async () => {
      stock = await site.client.get<Stock>('/api/v1/stock');
      return stock.items.length > 0;
    });
    expect(stock.items).toMatchObject([{ gtin: GTIN, location: 'cold-1', objects: 3 }]);
    const objects = await site.client.get<{ items: { epc: string; location: string }[] }>('/api/v1/objects');
    expect(objects.items.map((object) => object.epc).toSorted()).toEqual(CASES);
    expect(objects.items.every((object) => object.location === 'cold-1')).toBe(true);
    const { items } = await site.client.get<{ items: { body: { direction: string; tags: unknown[] } }[] }>(
      '/api/v1/events?type=receipt',
    );
    expect(items).toHaveLength(1);
    expect(items[0]?.body).toMatchObject({ direction: 'IN', tags: [{}, {}, {}] });
  });
});
