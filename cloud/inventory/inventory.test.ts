import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { encodeSgtin96, encodeSscc96 } from '../../protocol/epc/epc.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { clockAt } from '../../test/support/clock-at.ts';
import { databases } from '../../test/support/databases.ts';
import { listDeadLetters, listGateways } from '../answers/gateways.ts';
import { findObject, listObjects, movementsOf } from '../answers/objects.ts';
import { listPasses } from '../answers/passes.ts';
import { findShipment, listShipments } from '../answers/shipments.ts';
import { listStock } from '../answers/stock.ts';
import { deadLetterSchema, gatewaySchema } from '../contract/gateways.ts';
import { movementSchema, objectSchema } from '../contract/objects.ts';
import { passSchema } from '../contract/passes.ts';
import { shipmentSchema } from '../contract/shipments.ts';
import { stockRowSchema } from '../contract/stock.ts';
import { releaseHold } from '../exceptions/decide.ts';
import {
  batchOf,
  clear,
  delivery,
  dump,
  MINUTE,
  pass,
  register,
  sample,
  T0,
  TEST_SITE,
  testIngest,
  weighing,
} from '../ingest/deliveries.fixture.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { Store } from '../store/database.ts';
import { closeShipment, loadShipments, sweepShipments } from './shipments/shipments.ts';

const HOUR = 60 * MINUTE;
const GTIN = '80614141123458';
const CASES = ['1', '2', '3', '4'].map((serial) => {
  return encodeSgtin96({ filter: 1, companyPrefix: '0614141', itemReference: '812345', serial });
});
const [CASE_1 = '', CASE_2 = '', CASE_3 = '', CASE_4 = ''] = CASES;
const PALLET = encodeSscc96({ filter: 2, companyPrefix: '0614141', serialReference: '1234567890' });

const clock = clockAt(T0 + 24 * HOUR);

const ASN = {
  id: 'ASN-1',
  kind: 'inbound',
  partner: 'Dairy',
  readPoint: 'dock-1',
  expectedFrom: new Date(T0).toISOString(),
  expectedTo: new Date(T0 + 2 * HOUR).toISOString(),
  lines: [
    { gtin: GTIN, lot: 'L1', expiry: '2026-04-01', epcs: [CASE_1, CASE_2], itemName: 'Butter' },
    { sscc: '106141412345678908' },
  ],
};

describe.each(databases())('the inventory on $name', ({ open }) => {
  let store: Store;
  let ingest: Ingest;
  let nextSeq: number;

  beforeAll(async () => {
    store = await open();
    await register(store, 'gw-1');
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    await clear(store);
    for (const table of ['shipments', 'tag_master', 'items'] as const)
      await store.db.deleteFrom(table).execute();
    nextSeq = 1;
    ingest = testIngest(store, clock);
  });

  async function happen(...events: StockEvent[]): Promise<void> {
    for (const event of events) {
      await ingest.deliver(delivery(batchOf([event], { firstSeq: nextSeq, epoch: `epoch-${event.type}` })));
      nextSeq += 1;
    }
  }
  const load = (...shipments: unknown[]) =>
    loadShipments(store.db, { form: 'json', value: shipments }, clock.now());
  const stock = async (filter = {}) =>
    z.array(stockRowSchema).parse(await listStock(store.db, TEST_SITE, filter));
  const shipment = async (id = 'ASN-1', now = T0 + HOUR) =>
    shipmentSchema.parse(await findShipment(store.db, TEST_SITE, id, now));
  const standing = async () => {
    const rows = await store.db
      .selectFrom('exceptions')
      .select(['kind', 'subject', 'detail', 'raised_at'])
      .where('status', '<>', 'withdrawn')
      .orderBy('kind')
      .execute();
    return rows;
  };

  it('shows stock by item, lot, place and disposition, with what stands on the scales', async () => {
    await load(ASN);
    await happen(
      pass('receipt', 'dock-1', T0, [CASE_1, CASE_2, CASE_3, PALLET]),
      pass('passage', 'cold-door', T0 + MINUTE, [CASE_1]),
      pass('dispatch', 'dock-1', T0 + 2 * MINUTE, [CASE_3]),
      pass('passage', 'dock-1', T0 + 3 * MINUTE, [CASE_4], { direction: 'UNKNOWN' }),
      weighing(T0, 12_600),
    );
    const rows = (await stock()).map((row) => [
      row.itemName,
      row.lot,
      row.location,
      row.disposition,
      row.objects,
    ]);
    expect(rows).toEqual([
      ['Butter', 'L1', 'cold-1', 'available', 1],
      ['Butter', 'L1', 'staging', 'available', 1],
      ['Butter', null, 'unknown', 'unknown', 1],
      [null, null, 'staging', 'available', 1],
      ['Milk', null, 'staging', 'available', 0],
    ]);
    expect((await stock({ gtin: '04012345678901' }))[0]).toMatchObject({ netMilligrams: 12_600, pieces: 13 });
    expect(await stock({ location: 'customer' })).toMatchObject([{ objects: 1, disposition: 'in_transit' }]);
    expect(await stock({ lot: 'L1', location: 'cold-1' })).toMatchObject([{ expiry: '2026-04-01' }]);
  });

  it('answers for one object with its history, the newest first; late events take their place in it', async () => {
    await happen(
      pass('passage', 'cold-door', T0 + 10 * MINUTE, [CASE_1]),
      pass('receipt', 'dock-1', T0, [CASE_1]),
      pass('passage', 'dock-1', T0 + 20 * MINUTE, [CASE_1], { direction: 'TURNED_BACK' }),
    );
    const object = objectSchema.parse(await findObject(store.db, TEST_SITE, CASE_1.toUpperCase()));
    expect(object).toMatchObject({
      gtin: GTIN,
      serial: '1',
      location: 'cold-1',
      disposition: 'available',
      onHold: false,
      movedAt: new Date(T0 + 10 * MINUTE).toISOString(),
      firstSeenAt: new Date(T0 - 2000).toISOString(),
      lastSeenAt: new Date(T0 + 20 * MINUTE).toISOString(),
    });
    const movements = z.array(movementSchema).parse(await movementsOf(store.db, CASE_1, 10));
    expect(movements.map(({ from, to, moved }) => [from, to, moved])).toEqual([
      [null, null, false],
      ['staging', 'cold-1', true],
      ['supplier', 'staging', true],
    ]);
    await expect(findObject(store.db, TEST_SITE, 'ffff')).resolves.toBeUndefined();
  });

  it('keeps tags that say nothing as objects, and finds objects by part of what they carry', async () => {
    await happen(pass('receipt', 'dock-1', T0, ['00000000', 'e280116060', CASE_1, PALLET]));
    const find = async (filter: Parameters<typeof listObjects>[2], limit = 10, offset = 0) =>
      z
        .array(objectSchema)
        .parse(await listObjects(store.db, TEST_SITE, filter, { limit, offset }))
        .map((object) => object.epc);
    expect(await find({})).toEqual(['00000000', CASE_1, PALLET, 'e280116060']);
    expect(await find({}, 2, 1)).toEqual([CASE_1, PALLET]);
    expect(await find({ search: '10614141234567890' })).toEqual([PALLET]);
    expect(await find({ search: 'E2801' })).toEqual(['e280116060']);
    expect(await find({ search: '%' })).toEqual([]);
    expect(await find({ gtin: GTIN })).toEqual([CASE_1]);
    expect(await find({ onHold: true })).toEqual([]);
  });

  it('shows passes as the crew sees them, parts together, with items and shipment', async () => {
    await load(ASN);
    const whole = { passId: 'dock-1@1', startedAt: T0 - 3000, parts: 2 };
    await happen(
      pass('receipt', 'dock-1', T0, [CASE_3], { ...whole, part: 2, straysIgnored: 2 }),
      pass('receipt', 'dock-1', T0, [CASE_1, CASE_2], { ...whole, part: 1, straysIgnored: 2 }),
      pass('passage', 'cold-door', T0 + MINUTE, [CASE_1]),
    );
    const passes = z.array(passSchema).parse(await listPasses(store.db, TEST_SITE, { limit: 5 }));
    expect(passes).toMatchObject([
      { readPoint: 'cold-door', doorName: 'Cold room door', tags: 1, shipment: null },
      {
        passId: 'dock-1@1',
        type: 'receipt',
        tags: 3,
        straysIgnored: 2,
        items: [{ gtin: GTIN, itemName: 'Butter', count: 3 }],
        shipment: 'ASN-1',
      },
    ]);
    const atDock = await listPasses(store.db, TEST_SITE, { limit: 1, readPoint: 'dock-1' });
    expect(atDock.map((row) => row.passId)).toEqual(['dock-1@1']);
  });

  it('follows a shipment from expected to complete, also when the goods came before the paper', async () => {
    await load(ASN);
    expect(await shipment()).toMatchObject({ status: 'expected', expected: 3, actual: 0, closed: false });
    await happen(pass('receipt', 'dock-1', T0 + MINUTE, [CASE_1]));
    expect(await shipment()).toMatchObject({ status: 'in_progress', actual: 1 });
    await happen(pass('receipt', 'dock-1', T0 + 2 * MINUTE, [CASE_2, PALLET]));
    expect(await shipment()).toMatchObject({ status: 'complete', actual: 3 });
    await load(
      { ...ASN, id: 'ASN-2', kind: 'outbound', lines: [{ gtin: GTIN, quantity: 1 }] },
      { ...ASN, id: 'ASN-0', readPoint: 'dock-9', lines: [{ epcs: [CASE_2] }] },
    );
    expect(await shipment('ASN-0')).toMatchObject({ status: 'complete' });
    expect(await shipment('ASN-1')).toMatchObject({ status: 'in_progress', actual: 2 });
    const all = z.array(shipmentSchema).parse(await listShipments(store.db, TEST_SITE, T0));
    expect(all.map((row) => row.id).sort()).toEqual(['ASN-0', 'ASN-1', 'ASN-2']);
  });

  it('raises short and over when the window has passed, and takes it back when late events complete it', async () => {
    const two = { ...ASN, lines: [{ gtin: GTIN, quantity: 2 }] };
    await loadShipments(store.db, { form: 'json', value: [two] }, T0);
    await sweepShipments(store.db, { since: 0, now: T0 + HOUR });
    expect(await standing()).toEqual([]);
    await sweepShipments(store.db, { since: 0, now: T0 + 3 * HOUR });
    expect((await standing()).map((row) => row.kind)).toEqual(['SHIPMENT_SHORT']);
    await happen(pass('receipt', 'dock-1', T0 + MINUTE, [CASE_1, PALLET]));
    expect(await standing()).toMatchObject([
      { kind: 'SHIPMENT_OVER', subject: 'ASN-1', detail: { lines: [], unexpected: 1 } },
      { kind: 'SHIPMENT_SHORT', detail: { lines: [{ line: 1, expected: 2, actual: 1 }] } },
    ]);
    expect(await shipment('ASN-1', clock.now())).toMatchObject({
      status: 'discrepant',
      unexpected: [{ epc: PALLET }],
    });
    await happen(pass('receipt', 'dock-1', T0 + 2 * MINUTE, [CASE_2]));
    expect((await standing()).map((row) => row.kind)).toEqual(['SHIPMENT_OVER']);
  });

  it('lets a person close a shipment once, before its time', async () => {
    const later = { ...ASN, expectedTo: new Date(clock.now() + HOUR).toISOString() };
    await load(later);
    await happen(pass('receipt', 'dock-1', T0 + MINUTE, [CASE_1, CASE_2]));
    expect(await standing()).toEqual([]);
    const decision = { actor: 'ann', reason: 'truck has left' };
    await expect(closeShipment(store.db, 'ASN-1', decision, clock.now())).resolves.toMatchObject({
      ok: true,
    });
    await expect(closeShipment(store.db, 'ASN-1', decision, clock.now())).resolves.toEqual({
      ok: false,
      reason: 'decided-already',
    });
    await expect(closeShipment(store.db, 'none', decision, clock.now())).resolves.toMatchObject({
      reason: 'not-found',
    });
    expect(await standing()).toMatchObject([{ kind: 'SHIPMENT_SHORT', raised_at: clock.now() }]);
    expect(await shipment()).toMatchObject({ status: 'discrepant', closed: true });
  });

  it('loads all of a list or nothing', async () => {
    const bad = await load(ASN, { ...ASN, id: 'ASN-2', lines: [] });
    expect(bad).toMatchObject({ ok: false, detail: expect.stringContaining('[1].lines') });
    expect(await listShipments(store.db, TEST_SITE, T0)).toEqual([]);
    const csv = 'shipment,kind,read_point,expected_from,expected_to,gtin,quantity\n'.concat(
      `S-1,outbound,dock-1,${ASN.expectedFrom},${ASN.expectedTo},${GTIN},2\n`,
    );
    await expect(loadShipments(store.db, { form: 'csv', text: csv }, T0)).resolves.toMatchObject({
      ids: ['S-1'],
    });
  });

  /** Ten warm minutes in the cold room. */
  const warm = [4000, 9000, 9500, 9500, 4000].map((value, index) =>
    sample(T0 + HOUR + index * 5 * MINUTE, value),
  );
  const inRoom = [
    pass('receipt', 'dock-1', T0, [CASE_1, CASE_2]),
    pass('passage', 'cold-door', T0 + MINUTE, [CASE_1, CASE_2]),
  ];
  const outAndAway = [
    pass('passage', 'cold-door', T0 + 2 * HOUR, [CASE_1], { direction: 'OUT' }),
    pass('dispatch', 'dock-1', T0 + 2 * HOUR + MINUTE, [CASE_1]),
  ];

  it('shows held stock as unavailable, and raises it when held stock leaves, whatever is heard first', async () => {
    await happen(...inRoom, ...warm);
    expect(await stock({ location: 'cold-1' })).toMatchObject([{ disposition: 'unavailable', objects: 2 }]);
    await happen(...outAndAway);
    const violated = (await standing()).filter((row) => row.kind === 'HOLD_VIOLATED');
    expect(violated).toMatchObject([{ subject: CASE_1, raised_at: T0 + 2 * HOUR + MINUTE }]);
    const heardInOrder = await dump(store);

    await clear(store);
    const seqs = [...inRoom, ...warm, ...outAndAway].map((event, index) => ({ event, seq: index + 1 }));
    for (const { event, seq } of seqs.toReversed()) {
      nextSeq = seq;
      await happen(event);
    }
    const heardBackwards = await dump(store);
    expect(heardBackwards).toEqual(heardInOrder);
    await ingest.rebuild();
    expect(await dump(store)).toEqual(heardInOrder);
  });

  it('lets released stock leave, and keeps what people decided through a rebuild', async () => {
    await happen(...inRoom, ...warm);
    const [hold] = await store.db.selectFrom('holds').select('exception_id').limit(1).execute();
    const exceptionId = hold?.exception_id ?? '';
    const release = { actor: 'quinn', reason: 'probe in the sun' };
    await releaseHold(store.db, { exceptionId, epcs: [CASE_1] }, release, T0 + 90 * MINUTE);
    await happen(...outAndAway);
    expect((await standing()).map((row) => row.kind)).toEqual(['TEMP_HIGH']);
    const before = await dump(store);
    await ingest.rebuild();
    expect(await dump(store)).toEqual(before);
    const holds = await store.db.selectFrom('holds').select(['epc', 'status']).orderBy('epc').execute();
    expect(holds).toEqual([
      { epc: CASE_1, status: 'released' },
      { epc: CASE_2, status: 'active' },
    ]);
  });

  it('rebuilds what somebody has damaged', async () => {
    await load(ASN);
    await happen(...inRoom, ...warm, ...outAndAway, weighing(T0, 5));
    const right = await dump(store);
    await store.db.updateTable('objects').set({ location: 'moon' }).execute();
    await store.db.deleteFrom('movements').where('epc', '=', CASE_1).execute();
    await store.db.deleteFrom('shipment_matches').execute();
    await store.db.deleteFrom('passes').execute();
    await store.db.updateTable('bins').set({ net_milligrams: 7 }).execute();
    let progress = 0;
    await expect(ingest.rebuild((done) => (progress = done))).resolves.toEqual({ events: nextSeq - 1 });
    expect(progress).toBe(nextSeq - 1);
    expect(await dump(store)).toEqual(right);
  });

  it('shows how far each gateway has come, how its devices are, and what it could not take', async () => {
    const health = (condition: string, active: boolean, occurredAt: number): StockEvent => {
      return { type: 'device', device: 'reader-1', occurredAt, condition, active, detail: 'x' };
    };
    await happen(health('silent', true, T0), health('hot', true, T0), health('hot', false, T0 + 1));
    await ingest.deliver(delivery(batchOf([weighing(T0, 1), weighing(T0 + 1, 2)], { firstSeq: 5 })));
    const gateways = z.array(gatewaySchema).parse(await listGateways(store.db));
    expect(gateways).toMatchObject([
      {
        id: 'gw-1',
        revoked: false,
        lastBatchAt: new Date(clock.now()).toISOString(),
        lanes: [
          { lane: 'stock', upTo: 0, ahead: 2 },
          { lane: 'health', upTo: 3, ahead: 0 },
        ],
        devices: [{ device: 'reader-1', conditions: [{ condition: 'silent' }] }],
      },
    ]);
    await ingest.deliver(delivery(batchOf([weighing(T0, 1)]), { payload: Buffer.from('?') }));
    const letters = z.array(deadLetterSchema).parse(await listDeadLetters(store.db, 10));
    expect(letters).toMatchObject([{ code: 'UNREADABLE_BATCH', gateway: 'gw-1', lane: 'stock', times: 1 }]);
  });
});
