import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases } from '../../test/support/databases.ts';
import {
  DAWN,
  emptyLedger,
  highRule,
  ingest,
  insertSamples,
  MINUTE,
  sampleAt,
  samplesAt,
  siteOf,
} from '../coldchain/dock-story.fixture.ts';
import { roomSchema, samplesSchema } from '../contract/rooms.ts';
import type { Store } from '../store/database.ts';
import { listRooms } from './rooms.ts';
import { samplesOf } from './samples.ts';

describe.each(databases())('rooms and charts on $name', ({ open }) => {
  let store: Store;
  const site = siteOf([
    highRule,
    { ...highRule, id: 'chill-warn', limitMilli: 7000, severity: 'warning' },
    { ...highRule, id: 'chill-low', comparator: 'below', limitMilli: 2000 },
  ]);
  const says = (read_point: string, minute: number, value_milli: number, metric = 'temperature') =>
    store.db
      .insertInto('conditions')
      .values({ read_point, metric, value_milli, sampled_at: DAWN + minute * MINUTE, sampled_key: 'k' })
      .execute();
  const room = async (minute: number) => {
    const rooms = await listRooms(store.db, site, DAWN + minute * MINUTE);
    return rooms.map((one) => roomSchema.parse(one)).find(({ location }) => location === 'chill');
  };
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());
  beforeEach(() => emptyLedger(store));

  it('a room whose probes have all spoken is ok; one silent probe makes it unknown', async () => {
    expect(await room(0)).toMatchObject({
      state: 'unknown',
      probes: [{ readPoint: 'chill-probe', freshness: 'none', valueMilli: null }, { freshness: 'none' }],
    });
    await says('chill-probe', 0, 5000);
    await says('chill-back', 5, 5500);
    await says('chill-back', 5, 61_000, 'relativeHumidity');
    expect(await room(10)).toMatchObject({
      state: 'ok',
      probes: [
        { name: 'Chill probe', valueMilli: 5000, freshness: 'fresh', lowMilli: 2000, highMilli: 7000 },
        { metric: 'temperature', valueMilli: 5500 },
        { metric: 'relativeHumidity', valueMilli: 61_000, lowMilli: null, highMilli: null },
      ],
    });
    expect(await room(16)).toMatchObject({ state: 'unknown', probes: [{ freshness: 'silent' }, {}, {}] });
  });

  it('a room with an open episode is in excursion, and shows how much stands there and is held', async () => {
    for (const epc of ['aa', 'bb']) {
      await store.db
        .insertInto('objects')
        .values({
          epc,
          scheme: 'raw',
          uri: null,
          gtin: null,
          serial: null,
          sscc: null,
          tag_expiry: null,
          location: 'chill',
          disposition: 'in_progress',
          moved_at: null,
          moved_key: null,
          first_seen_at: DAWN,
          last_seen_at: DAWN,
        })
        .execute();
    }
    await store.db
      .insertInto('holds')
      .values({ exception_id: 'x', epc: 'aa', exposed_from: DAWN, exposed_to: null })
      .execute();
    await ingest(store, site, samplesAt('0:9 10:9'));
    expect(await room(10)).toMatchObject({ state: 'excursion', objects: 2, onHold: 1 });
  });

  it('a door contact of the room is shown as a contact and not missed as a probe', async () => {
    await says('chill-probe', 0, 5000);
    await store.db
      .insertInto('contacts')
      .values({ read_point: 'chill-back', state: 'open', changed_at: DAWN, changed_key: 'k' })
      .execute();
    expect(await room(1)).toMatchObject({
      state: 'ok',
      probes: [{ readPoint: 'chill-probe' }],
      contacts: [{ readPoint: 'chill-back', name: 'Chill back wall', state: 'open' }],
    });
  });

  it('a chart keeps its ends and every peak, whatever is left out between', async () => {
    const arbitraryStory = fc.uniqueArray(fc.tuple(fc.nat(400), fc.integer({ min: -9, max: 9 })), {
      selector: ([minute]) => minute,
      minLength: 1,
      maxLength: 150,
    });
    await fc.assert(
      fc.asyncProperty(arbitraryStory, fc.integer({ min: 4, max: 60 }), async (story, maxPoints) => {
        await emptyLedger(store);
        const facts = story.map(([minute, degrees]) => sampleAt(minute, degrees));
        await insertSamples(store.db, facts);
        const all = facts
          .flatMap((fact) => (fact.kind === 'sample' ? [[fact.occurredAt, fact.valueMilli]] : []))
          .sort(([a = 0], [b = 0]) => a - b);
        const span = { readPoint: 'chill-probe', metric: 'temperature', from: DAWN, to: DAWN + 400 * MINUTE };
        const { points } = samplesSchema.parse(await samplesOf(store.db, { ...span, maxPoints }));
        expect(points.length).toBeLessThanOrEqual(maxPoints);
        expect(all).toEqual(expect.arrayContaining(points));
        expect(points).toEqual(points.toSorted(([a], [b]) => a - b));
        expect([points[0], points.at(-1)]).toEqual([all[0], all.at(-1)]);
        const values = points.map(([, value]) => value);
        const allValues = all.map(([, value]) => value ?? 0);
        expect([Math.min(...values), Math.max(...values)]).toEqual([
          Math.min(...allValues),
          Math.max(...allValues),
        ]);
        if (all.length <= maxPoints) expect(points).toEqual(all);
      }),
      { numRuns: 15 },
    );
  });
});
