/**
 * The ingest, exactly once with all projections, against plain batched `INSERT … unnest` into one table: on PGlite in
 * memory, and on PostgreSQL when DATABASE_URL is set. Both start from the bytes of the batches, several at a time, as
 * the intake hands them over. The budget is for the mix of a site and the same rows: all that the ingest wrote. A pass
 * has twenty movements and objects, and samples go through the cold chain: the ratios to a table of nothing but the
 * events, by kind, stand for comparison. Rates take the better of alternating rounds; time goes on from round to round.
 */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { createIngest } from '../../cloud/ingest/ingest.ts';
import type { Delivery } from '../../cloud/intake/intake.ts';
import { type Site, siteSchema } from '../../cloud/site/site.ts';
import { openDatabase, type Store } from '../../cloud/store/database.ts';
import { migrate } from '../../cloud/store/migrate.ts';
import { withDefaults } from '../../gateway/uplink/forwarder/forwarder-options.ts';
import { decodeEpc, encodeSgtin96 } from '../../protocol/epc/epc.ts';
import type { Lane } from '../../protocol/events/lanes.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { encodeBatch } from '../../protocol/link/batch.ts';
import { createClock } from '../../protocol/ports/clock.ts';
import { type BenchLine, type BenchOptions, rounded } from './bench-line.ts';
import { createPlainTable, insertPlainly, insertRowsPlainly, readAllRows } from './plain-insert.ts';

const ROUNDS = 3;
/** Each round has later times than all before it. */
const EVENTS_PER_ROUND = 100_000;
const EVENTS_PER_BATCH = 500;
const BATCHES = 24;
const WARM_UP_BATCHES = 8;
const QUICK = { rounds: 1, batches: 8 };
const BUDGET_RATIO = 0.6;
/** As many batches as one gateway keeps in flight. */
const IN_FLIGHT = withDefaults({}).schedule.window;
const PROBES = 40;
const TAGS_PER_PASS = 20;
const START = Date.UTC(2026, 8, 1, 6);

const clock = createClock({
  now: Date.now,
  monotonicMs: () => performance.now(),
  setTimeout: (task, delayMs) => setTimeout(task, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
});

const site: Site = siteSchema.parse({
  name: 'Bench',
  locations: [
    { id: 'staging', name: 'Staging', kind: 'staging' },
    { id: 'cold-1', name: 'Cold room', kind: 'cold-room' },
  ],
  doors: [{ readPoint: 'dock-1', name: 'Dock', inside: 'staging' }],
  bins: [{ readPoint: 'scale-1', name: 'Bin', location: 'staging', gtin: '04012345678901' }],
  probes: Array.from({ length: PROBES }, (_, n) => {
    return { readPoint: `probe-${n}`, name: `Probe ${n}`, location: 'cold-1' };
  }).concat({ readPoint: 'door-contact', name: 'Door', location: 'cold-1' }),
  rules: [
    {
      id: 'max-8',
      version: 1,
      name: 'At most 8 degrees',
      locations: ['cold-1'],
      metric: 'temperature',
      comparator: 'above',
      limitMilli: 8000,
      onDelayMs: 600_000,
    },
  ],
});

interface Stream {
  readonly lane: Lane;
  readonly eventsPerBatch: number;
  eventAt(n: number): StockEvent;
}

const sampleAt = (n: number): StockEvent => ({
  type: 'sample',
  readPoint: `probe-${n % PROBES}`,
  device: 'bus-1',
  occurredAt: START + Math.floor(n / PROBES) * 30_000,
  metric: 'temperature',
  valueMilli: 4000 + (n % 7) * 100,
  reason: 'change',
});

const contactAt = (n: number): StockEvent => ({
  type: 'contact',
  readPoint: 'door-contact',
  device: 'bus-1',
  occurredAt: START + n * 1000,
  state: n % 2 === 0 ? 'open' : 'closed',
});

const weighingAt = (n: number): StockEvent => ({
  type: 'weighing',
  readPoint: 'scale-1',
  device: 'scale-1',
  occurredAt: START + n * 1000,
  netMilligrams: n * 1000,
  stability: 'device',
  unit: 'kg',
  raw: 'S S     100.00 kg',
});

const deviceAt = (n: number): StockEvent => ({
  type: 'device',
  device: `reader-${n % 8}`,
  occurredAt: START + n * 1000,
  condition: 'READER_DISCONNECTED',
  active: n % 16 < 8,
  detail: 'connection refused',
});

function passAt(n: number): StockEvent {
  const occurredAt = START + n * 60_000;
  const startedAt = occurredAt - 4000;
  return {
    type: 'receipt',
    readPoint: 'dock-1',
    occurredAt,
    startedAt,
    passId: `dock-1@${startedAt}`,
    part: 1,
    parts: 1,
    direction: 'IN',
    directionSource: 'photo-eye',
    straysIgnored: 1,
    tags: Array.from({ length: TAGS_PER_PASS }, (_, tag) => ({
      epc: encodeSgtin96({
        filter: 1,
        companyPrefix: '4012345',
        itemReference: '067890',
        serial: n * TAGS_PER_PASS + tag,
      }),
      firstSeenAt: startedAt,
      lastSeenAt: occurredAt,
      readCount: 12,
      peakRssiDbm: -54.5,
      antennas: ['1', '2'],
    })),
  };
}

/** What comes together: a batch of each stream in turn. */
const LOADS: readonly { readonly name: string; readonly streams: readonly Stream[] }[] = [
  {
    // 80 % samples, 15 % contacts, weighings and device conditions, 5 % passes
    name: 'a mix',
    streams: [
      {
        lane: 'condition',
        eventsPerBatch: 850,
        eventAt: (n) => (n % 17 === 16 ? contactAt(n) : sampleAt(n - Math.floor(n / 17))),
      },
      { lane: 'stock', eventsPerBatch: 100, eventAt: (n) => (n % 2 === 0 ? passAt(n) : weighingAt(n)) },
      { lane: 'health', eventsPerBatch: 50, eventAt: deviceAt },
    ],
  },
  {
    name: 'samples',
    streams: [{ lane: 'condition', eventsPerBatch: EVENTS_PER_BATCH, eventAt: sampleAt }],
  },
  {
    name: 'weighings',
    streams: [{ lane: 'stock', eventsPerBatch: EVENTS_PER_BATCH, eventAt: weighingAt }],
  },
  { name: 'passes of 20 tags', streams: [{ lane: 'stock', eventsPerBatch: 40, eventAt: passAt }] },
];

/** All batches of one load under an epoch of its own, of events from the given number on. */
function deliveriesOf(
  streams: readonly Stream[],
  epoch: string,
  offset: number,
  batches: number,
): Delivery[] {
  return Array.from({ length: batches }, (_, batch) =>
    streams.map((stream) => deliveryOf(stream, epoch, batch, offset)),
  ).flat();
}

function deliveryOf(stream: Stream, epoch: string, batch: number, offset: number): Delivery {
  const { lane, eventsPerBatch, eventAt } = stream;
  const firstSeq = batch * eventsPerBatch + 1;
  const events = Array.from({ length: eventsPerBatch }, (_, n) => {
    const event = eventAt(offset + firstSeq - 1 + n);
    const recordedAt = event.occurredAt + 20;
    return {
      seq: firstSeq + n,
      event,
      recordedAt,
      bootId: 'b7c1',
      monotonicMs: 1234.5,
      clock: 'synced' as const,
    };
  });
  const lastSeq = firstSeq + eventsPerBatch - 1;
  const payload = encodeBatch({
    v: 1,
    gateway: 'gw-1',
    epoch,
    lane,
    firstSeq,
    lastSeq,
    prunedUpTo: 0,
    events,
  });
  return { gateway: 'gw-1', lane, payload };
}

async function measureIngest(store: Store, deliveries: readonly Delivery[]): Promise<number> {
  const ingest = createIngest({ store, site, clock, decode: decodeEpc });
  const queue = [...deliveries];
  const begun = performance.now();
  const senders = Array.from({ length: IN_FLIGHT }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await ingest.deliver(next);
  });
  await Promise.all(senders);
  return ingest.counters.events / ((performance.now() - begun) / 1000);
}

/** The mix against all the rows that came of it. */
async function measureAgainstAllRows(store: Store, rounds: number, batches: number): Promise<BenchLine> {
  const streams = LOADS[0]?.streams ?? [];
  const events = batches * streams.reduce((sum, { eventsPerBatch }) => sum + eventsPerBatch, 0);
  // Of the time before: so that both find their code compiled.
  await measureIngest(store, deliveriesOf(streams, 'bench-warm-up', 0, WARM_UP_BATCHES));
  let floor = 0;
  let value = 0;
  let rowsAnEvent = 0;
  for (let round = 1; round <= rounds; round++) {
    const before = await readAllRows(store.db);
    const deliveries = deliveriesOf(streams, `bench-all-rows-${round}`, round * EVENTS_PER_ROUND, batches);
    value = Math.max(value, await measureIngest(store, deliveries));
    const { rows, seconds } = await insertRowsPlainly(store, deliveries, before);
    floor = Math.max(floor, events / seconds);
    rowsAnEvent = rows / events;
  }
  return {
    name: `ingest, a mix, ${store.engine}, ${rounded(rowsAnEvent)} rows an event`,
    value: Math.round(value),
    unit: 'events/s',
    floor: Math.round(floor),
    floorName: 'unpack and INSERT … unnest of the same rows into one table',
    ratio: rounded(value / floor),
    budget: `>= ${BUDGET_RATIO} x floor`,
    met: value >= BUDGET_RATIO * floor,
  };
}

async function measureOn(store: Store, quick: boolean): Promise<BenchLine[]> {
  await createPlainTable(store);
  await store.db.insertInto('gateways').values({ id: 'gw-1', created_at: START }).execute();
  const { rounds, batches } = quick ? QUICK : { rounds: ROUNDS, batches: BATCHES };
  const lines: BenchLine[] = [await measureAgainstAllRows(store, rounds, batches)];
  for (const [index, { name: load, streams }] of LOADS.entries()) {
    let floor = 0;
    let value = 0;
    for (let round = 0; round < rounds; round++) {
      const deliveries = deliveriesOf(
        streams,
        `bench-${load.replaceAll(' ', '-')}-${round}`,
        (1 + (index + 1) * rounds + round) * EVENTS_PER_ROUND,
        batches,
      );
      floor = Math.max(floor, await insertPlainly(store, deliveries));
      value = Math.max(value, await measureIngest(store, deliveries));
    }
    const unit = 'events/s';
    const floorName = 'unpack and INSERT … unnest of one row for each event into one table';
    const name = `ingest, ${load}, ${store.engine}, against the events alone`;
    lines.push({
      name,
      value: Math.round(value),
      unit,
      floor: Math.round(floor),
      floorName,
      ratio: rounded(value / floor),
    });
  }
  return lines;
}

export async function run({ quick }: BenchOptions): Promise<BenchLine[]> {
  const embedded = await openDatabase({ memory: true });
  await migrate(embedded.db);
  const lines = await measureOn(embedded, quick);
  await embedded.close();
  const url = process.env.DATABASE_URL;
  if (url === undefined || url === '') return lines;
  const schema = `bench_${randomUUID().replaceAll('-', '')}`;
  const admin = await openDatabase({ url, maxConnections: 1 });
  await sql`create schema ${sql.ref(schema)}`.execute(admin.db);
  const store = await openDatabase({ url, schema });
  try {
    await migrate(store.db, { schema });
    return [...lines, ...(await measureOn(store, quick))];
  } finally {
    await store.close();
    await sql`drop schema ${sql.ref(schema)} cascade`.execute(admin.db);
    await admin.close();
  }
}
