/** Gateways and clouds are updated at their own times: neither may lose what the other does not know yet. */
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { clockAt } from '../../test/support/clock-at.ts';
import { databases } from '../../test/support/databases.ts';
import { listEvents } from '../answers/events.ts';
import { listExceptions } from '../answers/exceptions.ts';
import type { Delivery } from '../intake/intake.ts';
import type { Change } from '../ledger/change.ts';
import type { Store } from '../store/database.ts';
import {
  batchOf,
  clear,
  delivery,
  dump,
  EPCS,
  MINUTE,
  pass,
  register,
  T0,
  TEST_SITE,
  testIngest,
} from './deliveries.fixture.ts';
import type { Ingest } from './ingest.ts';

const clock = clockAt(T0 + 60 * MINUTE);
const GOOD = pass('receipt', 'dock-1', T0, [EPCS[0]]);

/** As a gateway sends it that knows the kind `type`, which this version does not. */
function ofNewerKind(type: string, event: StockEvent, more: object = {}): StockEvent {
  return { ...event, ...more, type } as never;
}

/** All recorded at one time, whatever they say of themselves. */
function batchWith(...events: StockEvent[]): Delivery {
  const batch = batchOf(events, { lane: 'stock' });
  return delivery({ ...batch, events: batch.events.map((one) => ({ ...one, recordedAt: T0 + 5 })) });
}

describe.each(databases())('versions that differ, in $name', ({ open }) => {
  let store: Store;
  let ingest: Ingest;
  let changes: Change[];

  beforeAll(async () => {
    store = await open();
    await register(store, 'gw-1');
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    await clear(store);
    changes = [];
    ingest = testIngest(store, clock, { onCommitted: (committed) => changes.push(...committed) });
  });

  const page = { limit: 10, offset: 0 };
  const unknownKinds = () => listExceptions(store.db, TEST_SITE, { kind: 'EVENT_KIND_UNKNOWN' });

  it('an old cloud keeps what a newer gateway sends: stored, acked, visible, counted, no poison', async () => {
    const toCome = ofNewerKind('kind-to-come', GOOD);
    const timeless = ofNewerKind('kind-to-come', GOOD, { occurredAt: 9e15, zones: [{ id: 'a', seen: 3 }] });
    await expect(ingest.deliver(batchWith(toCome, timeless, GOOD))).resolves.toMatchObject({ upTo: 3 });
    expect(await store.db.selectFrom('dead_letters').selectAll().execute()).toEqual([]);
    expect(ingest.counters).toMatchObject({ events: 3, unknownEvents: 2, deadLetters: 0 });
    const kept = await listEvents(store.db, { type: 'kind-to-come' }, page);
    expect(kept.map(({ body }) => body)).toEqual([toCome, timeless]);
    expect(kept.map(({ readPoint }) => readPoint)).toEqual(['dock-1', 'dock-1']);
    // A time that no calendar has is not believed: that of the recording stands for it.
    const times = [T0, T0 + 5].map((at) => new Date(at).toISOString());
    expect(kept.map(({ occurredAt }) => occurredAt)).toEqual(times);
    expect(await unknownKinds()).toMatchObject([
      { subject: 'gw-1', title: expect.stringContaining('kind-to-come'), detail: { type: 'kind-to-come' } },
    ]);
    expect(changes).toContainEqual(expect.objectContaining({ topic: 'event', id: 'kind-to-come' }));
    expect((await dump(store)).passes).toHaveLength(1);
  });

  it('the same event of an unknown kind counts once, and another body under its name is refused', async () => {
    await ingest.deliver(batchWith(ofNewerKind('kind-to-come', GOOD)));
    await ingest.deliver(batchWith(ofNewerKind('kind-to-come', GOOD)));
    expect(ingest.counters).toMatchObject({ events: 1, repeatedEvents: 1 });
    await ingest.deliver(batchWith(ofNewerKind('kind-to-come', GOOD, { readPoint: 'dock-2' })));
    expect(await store.db.selectFrom('dead_letters').select('code').execute()).toEqual([
      { code: 'BODY_MISMATCH' },
    ]);
  });

  it('a rebuild of the version that knows the kind lets it take effect, as if it had always known it', async () => {
    await ingest.deliver(batchWith(GOOD));
    const known = await dump(store);
    await clear(store);
    await ingest.deliver(batchWith(ofNewerKind('receipt-to-come', GOOD)));
    expect((await dump(store)).passes).toEqual([]);
    // The update, played: from now on this kind is one that the version knows.
    await sql`update events set type = 'receipt', body = body || '{"type":"receipt"}'::jsonb`.execute(
      store.db,
    );
    await ingest.rebuild();
    expect(await dump(store)).toEqual(known);
    expect(await unknownKinds()).toEqual([]);
  });

  it('a rebuild leaves what is still unknown as it is', async () => {
    await ingest.deliver(batchWith(ofNewerKind('kind-to-come', GOOD), GOOD));
    const before = await dump(store);
    await ingest.rebuild();
    expect(await dump(store)).toEqual(before);
    expect(await unknownKinds()).toHaveLength(1);
  });

  it('a body on record that this version cannot read stops no rebuild, and people hear of it', async () => {
    await ingest.deliver(batchWith(GOOD));
    await sql`update events set body = body - 'tags'`.execute(store.db);
    await ingest.rebuild();
    expect((await dump(store)).passes).toEqual([]);
    expect(await unknownKinds()).toMatchObject([{ detail: { type: 'receipt' } }]);
  });

  it('a new cloud takes what the oldest gateways send: a batch without its opening, tags without an RSSI', async () => {
    const old = {
      v: 1,
      gateway: 'gw-1',
      epoch: 'epoch-0001',
      lane: 'stock',
      firstSeq: 1,
      lastSeq: 1,
      prunedUpTo: 0,
      events: [
        {
          seq: 1,
          recordedAt: T0 + 5,
          bootId: 'boot-1',
          monotonicMs: 1,
          clock: 'unsynced',
          event: {
            type: 'receipt',
            readPoint: 'dock-1',
            occurredAt: T0,
            startedAt: T0 - 3000,
            passId: `dock-1@${T0 - 3000}`,
            part: 1,
            parts: 1,
            direction: 'IN',
            directionSource: 'photo-eye',
            tags: [{ epc: EPCS[0], firstSeenAt: T0, lastSeenAt: T0, readCount: 3, antennas: ['1'] }],
            straysIgnored: 0,
          },
        },
      ],
    };
    const payload = new TextEncoder().encode(JSON.stringify(old));
    const ack = await ingest.deliver({ gateway: 'gw-1', lane: 'stock', payload });
    expect(ack).toMatchObject({ upTo: 1 });
    expect((await dump(store)).passes).toMatchObject([{ tags: 1, time_quality: 'as-recorded' }]);
  });
});
