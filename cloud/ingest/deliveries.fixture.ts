/** For tests: deliveries made by hand or by fast-check, a small site, and a dump of all that follows from events. */
import * as fc from 'fast-check';
import { sql } from 'kysely';
import { decodeEpc } from '../../protocol/epc/epc.ts';
import { laneOf } from '../../protocol/events/event-kinds.ts';
import type { Lane } from '../../protocol/events/lanes.ts';
import type { EventRecord } from '../../protocol/events/record.ts';
import type { StockEvent, TagSighting } from '../../protocol/events/stock-event.ts';
import { type Batch, encodeBatch } from '../../protocol/link/batch.ts';
import type { Clock } from '../../protocol/ports/clock.ts';
import type { Delivery } from '../intake/intake.ts';
import { PROJECTED_TABLES } from '../projections/registry.ts';
import { type Site, siteSchema } from '../site/site.ts';
import type { Store } from '../store/database.ts';
import { createIngest, type Ingest, type IngestOptions } from './ingest.ts';

export const T0 = Date.UTC(2026, 2, 2, 6);
export const MINUTE = 60_000;

export const TEST_SITE: Site = siteSchema.parse({
  name: 'Test site',
  locations: [
    { id: 'staging', name: 'Staging', kind: 'staging' },
    { id: 'cold-1', name: 'Cold room', kind: 'cold-room' },
  ],
  doors: [
    { readPoint: 'dock-1', name: 'Dock 1', inside: 'staging' },
    { readPoint: 'cold-door', name: 'Cold room door', inside: 'cold-1', outside: 'staging' },
  ],
  bins: [
    {
      readPoint: 'scale-1',
      name: 'Bin 1',
      location: 'staging',
      gtin: '04012345678901',
      pieceMilligrams: 1000,
    },
  ],
  probes: [{ readPoint: 'probe-1', name: 'Cold probe', location: 'cold-1' }],
  rules: [
    {
      id: 'max-8',
      version: 1,
      name: 'At most 8 degrees',
      locations: ['cold-1'],
      metric: 'temperature',
      comparator: 'above',
      limitMilli: 8000,
      onDelayMs: 5 * MINUTE,
    },
  ],
  items: [{ gtin: '04012345678901', name: 'Milk' }],
});

function tag(epc: string, at = T0, more: Partial<TagSighting> = {}): TagSighting {
  return { epc, firstSeenAt: at - 2000, lastSeenAt: at, readCount: 5, antennas: ['1'], ...more };
}

type PassType = 'receipt' | 'dispatch' | 'passage';

export function pass(
  type: PassType,
  readPoint: string,
  at: number,
  epcs: readonly string[],
  more: Partial<Extract<StockEvent, { type: 'passage' }>> = {},
): StockEvent {
  const direction = type === 'dispatch' ? 'OUT' : 'IN';
  const fields = {
    readPoint,
    occurredAt: at,
    startedAt: at - 3000,
    passId: `${readPoint}@${at - 3000}`,
    part: 1,
    parts: 1,
    direction,
    directionSource: 'photo-eye',
    tags: epcs.map((epc) => tag(epc, at)),
    straysIgnored: 0,
  } as const;
  return { ...fields, ...more, type };
}

export function sample(at: number, valueMilli: number, readPoint = 'probe-1'): StockEvent {
  return {
    type: 'sample',
    readPoint,
    device: 'bus-1',
    occurredAt: at,
    metric: 'temperature',
    valueMilli,
    reason: 'change',
  };
}

export function weighing(at: number, netMilligrams: number, readPoint = 'scale-1'): StockEvent {
  return {
    type: 'weighing',
    readPoint,
    device: 'scale',
    occurredAt: at,
    netMilligrams,
    stability: 'device',
    unit: 'g',
    raw: 'S S 1 g',
  };
}

export function record(seq: number, event: StockEvent): EventRecord {
  return {
    seq,
    event,
    recordedAt: event.occurredAt + 5,
    bootId: 'boot-1',
    monotonicMs: seq,
    clock: 'synced',
  };
}

/** A batch of these events, numbered from `firstSeq`; its lane is that of the first. */
export function batchOf(events: readonly StockEvent[], more: Partial<Batch> = {}): Batch {
  const firstSeq = more.firstSeq ?? 1;
  const records = events.map((event, index) => record(firstSeq + index, event));
  const lane: Lane = more.lane ?? (events[0] === undefined ? 'stock' : laneOf(events[0].type));
  return {
    v: 1,
    gateway: 'gw-1',
    epoch: 'epoch-0001',
    lane,
    firstSeq,
    lastSeq: Math.max(firstSeq, firstSeq + events.length - 1),
    prunedUpTo: 0,
    events: records,
    ...more,
  };
}

export function delivery(batch: Batch, more: Partial<Delivery> = {}): Delivery {
  return { gateway: batch.gateway, lane: batch.lane, payload: encodeBatch(batch), ...more };
}

/** SGTIN-96 tags of one item, an SSCC-96, a DSGTIN-less raw tag and garbage: what doors see. */
export const EPCS = [
  '3034257bf7194e4000001a85',
  '3034257bf7194e4000001a86',
  '3034257bf7194e4000001a87',
  '3114257bf4499602d2000000',
  '00000000',
  'e2801160600002054cc2096f',
] as const;

const epc = fc.constantFrom(...EPCS);
/** Few distinct times, so that ties are common. */
const time = fc.integer({ min: 0, max: 12 }).map((step) => T0 + step * 3 * MINUTE);

const passEvent = fc
  .record({
    type: fc.constantFrom<PassType>('receipt', 'dispatch', 'passage'),
    readPoint: fc.constantFrom('dock-1', 'cold-door', 'nowhere'),
    at: time,
    epcs: fc.array(epc, { maxLength: 4 }),
    direction: fc.constantFrom('IN' as const, 'OUT' as const, 'TURNED_BACK' as const, 'UNKNOWN' as const),
    straysIgnored: fc.nat(3),
  })
  .map(({ type, readPoint, at, epcs, direction, straysIgnored }) =>
    pass(type, readPoint, at, epcs, { direction, straysIgnored }),
  );

const sampleEvent = fc
  .record({ at: time, value: fc.integer({ min: 0, max: 20 }), readPoint: fc.constantFrom('probe-1', 'lost') })
  .map(({ at, value, readPoint }) => sample(at, value * 1000, readPoint));

const stockEvent = fc.oneof(
  { weight: 4, arbitrary: passEvent },
  { weight: 1, arbitrary: fc.tuple(time, fc.nat(9)).map(([at, grams]) => weighing(at, grams * 1000)) },
);

const conditionEvent = fc.oneof(
  { weight: 4, arbitrary: sampleEvent },
  {
    weight: 1,
    arbitrary: fc
      .tuple(time, fc.constantFrom('open' as const, 'closed' as const))
      .map(([occurredAt, state]): StockEvent => {
        return { type: 'contact', readPoint: 'probe-1', device: 'door', occurredAt, state };
      }),
  },
);

const healthEvent = fc.oneof(
  fc
    .tuple(time, fc.boolean(), fc.constantFrom('silent', 'battery-low'))
    .map(([occurredAt, active, condition]): StockEvent => {
      return { type: 'device', device: 'bus-1', occurredAt, condition, active, detail: '' };
    }),
  time.map((occurredAt): StockEvent => {
    return {
      type: 'gap',
      occurredAt,
      scope: 'lane',
      lane: 'condition',
      from: occurredAt,
      to: occurredAt,
      reason: 'full',
    };
  }),
);

/** The journals of some gateways: for each lane its events in order. */
export const journals = fc
  .array(
    fc.record({
      gateway: fc.constantFrom('gw-1', 'gw-2'),
      epoch: fc.constantFrom('epoch-0001', 'epoch-0002'),
      events: fc.oneof(
        fc.array(stockEvent, { minLength: 1, maxLength: 10 }),
        fc.array(conditionEvent, { minLength: 1, maxLength: 10 }),
        fc.array(healthEvent, { minLength: 1, maxLength: 4 }),
      ),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((lanes) => [
    ...new Map(
      lanes.map((lane) => {
        const first = lane.events[0];
        return [`${lane.gateway}/${lane.epoch}/${first === undefined ? '' : laneOf(first.type)}`, lane];
      }),
    ).values(),
  ]);

type JournalContent = { gateway: string; epoch: string; events: StockEvent[] };

/** The lane cut into batches of the given sizes, in order. */
export function cut({ gateway, epoch, events }: JournalContent, sizes: readonly number[]): Batch[] {
  const batches: Batch[] = [];
  for (let start = 0, turn = 0; start < events.length; turn++) {
    const size = Math.max(1, sizes[turn % Math.max(1, sizes.length)] ?? 1);
    batches.push(batchOf(events.slice(start, start + size), { gateway, epoch, firstSeq: start + 1 }));
    start += size;
  }
  return batches;
}

/** What follows from several events, and how far each lane is; without what depends on how they arrived. */
const DERIVED = {
  watermarks: 'select gateway, epoch, lane, up_to, ahead from watermarks order by gateway, epoch, lane',
  matches: 'select * from shipment_matches order by shipment, epc',
  episodes: `select id, read_point, location, started_at, active_at, ended_at, peak_milli, unknown_ms
    from episodes order by id`,
  exceptions: `select id, kind, severity, subject, location, read_point, raised_at, cleared_at, detail, status
    from exceptions where status <> 'withdrawn' order by id`,
  holds: `select * from holds where status <> 'withdrawn' order by exception_id, epc`,
} as const;

/** Every row that follows from events. */
export async function dump(store: Store): Promise<Record<string, unknown[]>> {
  const projected = PROJECTED_TABLES.map((table) => [table, `select * from ${table} t order by t`] as const);
  const tables: Record<string, unknown[]> = {};
  for (const [name, query] of [...projected, ...Object.entries(DERIVED)]) {
    tables[name] = (await sql.raw<object>(query).execute(store.db)).rows.map((row) => ({ ...row }));
  }
  return tables;
}

/** Empties everything but the registered gateways and the expectations. */
export async function clear(store: Store): Promise<void> {
  await sql`
    truncate events, watermarks, journal_openings, clock_marks, dead_letters, ${sql.raw(PROJECTED_TABLES.join())},
      episodes, tracks, exceptions, holds, shipment_matches, decisions
  `.execute(store.db);
}

/** An ingest of the test site, with everything that follows from events. */
export function testIngest(store: Store, clock: Clock, more: Partial<IngestOptions> = {}): Ingest {
  return createIngest({
    store,
    site: TEST_SITE,
    clock,
    decode: decodeEpc,
    ...more,
  });
}

export async function register(store: Store, ...gateways: string[]): Promise<void> {
  for (const id of gateways) {
    await store.db.insertInto('gateways').values({ id, created_at: T0 }).execute();
  }
}
