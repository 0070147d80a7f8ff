/** What is new costs the same after a long history as after a short one: counted in rows that the database reads. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeEpc } from '../../protocol/epc/epc.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { clockAt } from '../../test/support/clock-at.ts';
import { databases } from '../../test/support/databases.ts';
import { readProbes } from '../fleet/signs-of-life.ts';
import { loadShipments } from '../inventory/shipments/shipments.ts';
import { placesOf } from '../site/places.ts';
import type { Site } from '../site/site.ts';
import type { Store } from '../store/database.ts';
import { rowsTouched } from '../store/rows-touched.fixture.ts';
import {
  batchOf,
  clear,
  delivery,
  EPCS,
  MINUTE,
  pass,
  register,
  sample,
  T0,
  TEST_SITE,
  weighing,
} from './deliveries.fixture.ts';
import { type JudgedBatch, judgeDelivery } from './delivery/judge.ts';
import { createIngest } from './ingest.ts';
import { takeBatches } from './take-batches.ts';

const DAY = 24 * 60 * MINUTE;
/** Two rooms: one is warm for ever, the other for some minutes of each hour. */
const delays = { onDelayMs: MINUTE, offDelayMs: 0, maxGapMs: 5 * MINUTE };
const SITE: Site = {
  ...TEST_SITE,
  probes: [
    { readPoint: 'probe-1', name: 'Always warm', location: 'staging' },
    { readPoint: 'probe-2', name: 'Often warm', location: 'cold-1' },
  ],
  rules: TEST_SITE.rules.flatMap((rule) => [
    { ...rule, ...delays },
    { ...rule, ...delays, id: 'staging', locations: ['staging'], hold: false },
  ]),
};
const SHORT = 30;
const LONG = 300;
const now = T0 + 400 * DAY;
const [RETURNABLE, OTHER] = EPCS;
const clock = clockAt(now);

const device = (occurredAt: number, active: boolean): StockEvent => {
  return { type: 'device', device: 'bus-1', occurredAt, condition: 'PROBE_OPEN', active, detail: '' };
};

/** All that happens within an hour: everything of the past returns here, lane by lane. */
function hour(n: number): StockEvent[][] {
  const at = T0 + n * 60 * MINUTE;
  const into = pass('passage', 'cold-door', at + 10 * MINUTE, [RETURNABLE]);
  const out = pass('passage', 'cold-door', at + 13 * MINUTE, [RETURNABLE], { direction: 'OUT' });
  return [
    [into, out, weighing(at, n * 1000)],
    [
      // with a gap in each hour of the one episode of the first
      ...[0, 1].map((minute) => sample(at + minute * MINUTE, 12_000 + n, 'probe-1')),
      ...[9000, 9000, 9000, 4000].map((value, minute) => sample(at + minute * MINUTE, value, 'probe-2')),
    ],
    [device(at, n % 2 === 0), device(at + MINUTE, n % 2 === 0)],
  ];
}

describe.each(databases())('a long history on $name', ({ open }) => {
  let store: Store;
  beforeAll(async () => {
    store = await open();
    await register(store, 'gw-1');
  });
  afterAll(() => store.close());

  const context = () => ({
    engine: store.engine,
    site: SITE,
    places: placesOf(SITE),
    decode: decodeEpc,
    now,
  });

  async function live(hours: number): Promise<void> {
    await clear(store);
    await store.db.deleteFrom('shipments').execute();
    const ingest = createIngest({ ...context(), store, clock });
    const lanes: StockEvent[][] = [[], [], []];
    for (let n = 0; n < hours; n++) {
      for (const [lane, events] of hour(n).entries()) lanes[lane]?.push(...events);
    }
    for (const events of lanes) {
      for (let first = 0; first < events.length; first += 500) {
        await ingest.deliver(delivery(batchOf(events.slice(first, first + 500), { firstSeq: first + 1 })));
      }
    }
    const shipments = Array.from({ length: hours }, (_, n) => ({
      id: `in-${n}`,
      kind: 'inbound',
      readPoint: 'dock-1',
      expectedFrom: new Date(T0 + n * 60 * MINUTE).toISOString(),
      expectedTo: new Date(T0 + n * 60 * MINUTE + 10 * MINUTE).toISOString(),
      lines: [{ gtin: '80614141123458', quantity: 2 }],
    }));
    await loadShipments(store.db, { form: 'json', value: { shipments } }, now);
    await sql`analyze`.execute(store.db);
  }

  /** One event of each kind right after that history, and one look for silent probes. */
  async function touchedAfter(hours: number): Promise<Record<string, number>> {
    await live(hours);
    const at = T0 + hours * 60 * MINUTE;
    const [, condition = [], health = []] = hour(hours);
    const stock = [
      pass('receipt', 'dock-1', at, [OTHER]),
      pass('passage', 'cold-door', at, [RETURNABLE]),
      weighing(at, 1),
    ];
    const firstSeq = 100_000;
    const batches = [stock, condition, health].map((events): JudgedBatch => {
      const judged = judgeDelivery(delivery(batchOf(events, { firstSeq })));
      if (!judged.ok) throw new Error(judged.deadLetter.detail);
      return judged.batch;
    });
    const touched = await rowsTouched(store, async (trx) => {
      await takeBatches(trx, batches, [], context());
      await readProbes(trx, SITE, now);
    });
    return Object.fromEntries(touched);
  }

  it('is not read again for what is new', async () => {
    const short = await touchedAfter(SHORT);
    const long = await touchedAfter(LONG);
    const episodes = await store.db.selectFrom('episodes').select('id').execute();
    expect(episodes.length).toBeGreaterThan(LONG);
    for (const [table, rows] of Object.entries(long)) {
      expect(rows, `rows of ${table}`).toBeLessThanOrEqual((short[table] ?? 0) + 10);
    }
  });
});
