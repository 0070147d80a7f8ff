import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases } from '../../test/support/databases.ts';
import { acknowledgeException, releaseHold } from '../exceptions/decide.ts';
import type { Rule } from '../site/site.ts';
import type { Store } from '../store/database.ts';
import {
  DAWN,
  emptyLedger,
  type Fact,
  highRule,
  ingest,
  insertSamples,
  ledgerOf,
  MINUTE,
  moveAt,
  sampleAt,
  samplesAt,
  siteOf,
} from './dock-story.fixture.ts';

const QUALITY = { actor: 'quinn', reason: 'product file 12: stable for 2 h at 15 °C' };
/** The holds as `epc status from-to` in minutes, and whose. */
async function spans(store: Store): Promise<string[]> {
  const rows = await store.db
    .selectFrom('holds')
    .selectAll()
    .orderBy('epc')
    .orderBy('exposed_from')
    .execute();
  const minute = (at: number | null) => (at === null ? 'open' : (at - DAWN) / MINUTE);
  return rows.map((h) => `${h.epc} ${h.status} ${minute(h.exposed_from)}-${minute(h.exposed_to)}`);
}

async function statuses(store: Store): Promise<string[]> {
  const rows = await store.db
    .selectFrom('exceptions')
    .select(['kind', 'status'])
    .orderBy('raised_at')
    .execute();
  return rows.map(({ kind, status }) => `${kind} ${status}`).sort();
}

describe.each(databases())('the cold chain in the ingest transaction, on $name', ({ open }) => {
  let store: Store;
  const site = siteOf();
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());
  beforeEach(() => emptyLedger(store));

  it('raises one exception for an excursion and clears it when the room is back', async () => {
    const changes = await ingest(store, site, samplesAt('0:5 5:9 10:9 15:9'), DAWN + 15 * MINUTE);
    expect(changes).toMatchObject([{ topic: 'exception', location: 'chill', readPoint: 'chill-probe' }]);
    const [raised] = await store.db.selectFrom('exceptions').selectAll().execute();
    expect(raised).toMatchObject({
      kind: 'TEMP_HIGH',
      severity: 'critical',
      status: 'raised',
      raised_at: DAWN + 15 * MINUTE,
      cleared_at: null,
      detail: { peakMilli: 9000, limitMilli: 8000, startedAt: DAWN + 5 * MINUTE },
    });
    await ingest(store, site, samplesAt('20:5 25:5'));
    const [cleared] = await store.db.selectFrom('exceptions').selectAll().execute();
    expect(cleared).toMatchObject({ id: raised?.id, cleared_at: DAWN + 20 * MINUTE, revision: 2 });
  });

  it('holds exactly what was in the room: before, during, not after, not gone', async () => {
    await ingest(store, site, [
      moveAt(-60, 'stayed', 'staging', 'chill'),
      moveAt(-60, 'left-before', 'staging', 'chill', 2),
      moveAt(-1, 'left-before', 'chill', 'staging'),
      moveAt(-60, 'left-at-start', 'staging', 'chill', 3),
      moveAt(5, 'left-at-start', 'chill', 'staging'),
      moveAt(-60, 'left-within', 'staging', 'chill', 4),
      moveAt(8, 'left-within', 'chill', 'customer'),
      moveAt(-60, 'elsewhere', 'staging', 'freezer', 5),
      moveAt(12, 'came-within', 'staging', 'chill'),
      moveAt(13, 'turned-back', 'staging', 'chill', 13, false),
    ]);
    await ingest(store, site, samplesAt('0:5 5:9 10:9 15:9'));
    await ingest(store, site, [moveAt(17, 'came-while-open', 'staging', 'chill')]);
    expect(await spans(store)).toEqual([
      'came-while-open active 17-open',
      'came-within active 12-open',
      'left-within active 5-8',
      'stayed active 5-open',
    ]);
    await ingest(store, site, samplesAt('20:5 25:5'));
    await ingest(store, site, [
      moveAt(30, 'came-after', 'staging', 'chill'),
      moveAt(40, 'stayed', 'chill', 'customer'),
    ]);
    expect(await spans(store)).toEqual([
      'came-while-open active 17-20',
      'came-within active 12-20',
      'left-within active 5-8',
      'stayed active 5-20',
    ]);
  });

  it('holds goods that a late movement puts into the room, and withdraws those it takes out', async () => {
    await ingest(store, site, [moveAt(-60, 'a', 'staging', 'chill')]);
    await ingest(store, site, samplesAt('5:9 10:9 15:9 20:5 25:5'));
    expect(await spans(store)).toEqual(['a active 5-20']);
    await ingest(store, site, [moveAt(-10, 'a', 'chill', 'staging'), moveAt(-20, 'b', 'staging', 'chill')]);
    expect(await spans(store)).toEqual(['a withdrawn 5-20', 'b active 5-20']);
    await ingest(store, site, [moveAt(12, 'a', 'staging', 'chill')]);
    expect(await spans(store)).toEqual(['a active 12-20', 'b active 5-20']);
  });

  it('finds an excursion that is delivered after it is over, and goods that have left since', async () => {
    await ingest(store, site, [moveAt(-60, 'a', 'staging', 'chill'), moveAt(30, 'a', 'chill', 'customer')]);
    await ingest(store, site, samplesAt('0:5 60:5'));
    expect(await statuses(store)).toEqual([]);
    await ingest(store, site, samplesAt('5:9 15:9 20:5 25:5'));
    expect(await statuses(store)).toEqual(['TEMP_HIGH raised']);
    expect(await spans(store)).toEqual(['a active 5-20']);
  });

  it('a hot sample two hours old that arrives now raises nothing', async () => {
    await ingest(store, site, [sampleAt(-120, 9)], DAWN);
    await ingest(store, site, [sampleAt(0, 5)], DAWN);
    expect(await statuses(store)).toEqual([]);
  });

  it('withdraws the exception and its holds when late samples show that it was none', async () => {
    await ingest(store, site, [moveAt(-60, 'a', 'staging', 'chill')]);
    await ingest(store, site, samplesAt('0:9 14:9'));
    expect(await spans(store)).toEqual(['a active 0-open']);
    await ingest(store, site, samplesAt('7:5'));
    expect(await statuses(store)).toEqual(['TEMP_HIGH withdrawn']);
    expect(await spans(store)).toEqual(['a withdrawn 0-open']);
    expect(await ledgerOf(store)).toEqual({ episodes: [], exceptions: [], holds: [] });
  });

  it('carries acknowledgement and releases over when a late sample moves the start', async () => {
    await ingest(store, site, [moveAt(-60, 'a', 'staging', 'chill'), moveAt(-60, 'b', 'staging', 'chill')]);
    await ingest(store, site, samplesAt('5:9 10:9 15:9'));
    const [first] = await store.db.selectFrom('exceptions').select('id').execute();
    const id = first?.id ?? '';
    await acknowledgeException(store.db, id, QUALITY, DAWN);
    await releaseHold(store.db, { exceptionId: id, epcs: ['a'] }, QUALITY, DAWN);
    await ingest(store, site, samplesAt('1:9'));
    expect(await statuses(store)).toEqual(['TEMP_HIGH acknowledged', 'TEMP_HIGH withdrawn']);
    expect(await spans(store)).toEqual([
      'a released 1-open',
      'a released 5-open',
      'b active 1-open',
      'b withdrawn 5-open',
    ]);
  });

  it('keeps a release when later samples extend the episode, split it or join it to another', async () => {
    await ingest(store, site, [moveAt(-60, 'a', 'staging', 'chill')]);
    await ingest(store, site, samplesAt('0:9 5:9 10:9 15:9 20:9 25:9 30:9 35:5 40:5'));
    const [first] = await store.db.selectFrom('exceptions').select('id').execute();
    await releaseHold(store.db, { exceptionId: first?.id ?? '', epcs: 'all' }, QUALITY, DAWN);
    await ingest(
      store,
      site,
      [11, 16]
        .map((minute) => sampleAt(minute, 5, 'chill-probe', minute))
        .concat([12, 13, 14, 15].map((minute) => sampleAt(minute, 5, 'chill-probe', 900 + minute))),
    );
    expect(await statuses(store)).toEqual(['TEMP_HIGH raised', 'TEMP_HIGH raised']);
    expect(await spans(store)).toEqual(['a released 0-11', 'a released 20-35']);
  });

  it('a rule of a new version takes over the episode that is open and leaves ended ones as they were', async () => {
    await ingest(store, site, samplesAt('0:9 10:9 15:5 20:5 30:9 40:9'));
    const stricter: Rule = { ...highRule, version: 2, limitMilli: 7000 };
    await ingest(store, siteOf([stricter]), samplesAt('45:9'));
    const episodes = await store.db.selectFrom('episodes').selectAll().orderBy('started_at').execute();
    expect(episodes.map((e) => [e.rule_version, (e.started_at - DAWN) / MINUTE])).toEqual([
      [1, 0],
      [2, 30],
    ]);
  });

  it('one probe out of bounds is enough, and each probe has its own episode', async () => {
    await ingest(store, site, [moveAt(-60, 'a', 'staging', 'chill')]);
    await ingest(store, site, [
      ...samplesAt('0:9 10:9 15:5 20:5'),
      ...samplesAt('0:5 5:9 15:9', 'chill-back'),
    ]);
    expect(await spans(store)).toEqual(['a active 0-15', 'a active 5-open']);
  });

  it('a rule that only warns puts no hold on anything', async () => {
    const warning = siteOf([{ ...highRule, severity: 'warning', hold: false }]);
    await ingest(store, warning, [moveAt(-60, 'a', 'staging', 'chill'), ...samplesAt('0:9 10:9')]);
    expect(await statuses(store)).toEqual(['TEMP_HIGH raised']);
    expect(await spans(store)).toEqual([]);
  });

  /** Episodes as `start-end peak` after each batch has been projected on its own. */
  const episodesAfter = async (...batches: Fact[][]) => {
    for (const batch of batches) await ingest(store, site, batch);
    const episodes = await store.db.selectFrom('episodes').selectAll().orderBy('started_at').execute();
    const minute = (at: number | null) => (at === null ? 'open' : (at - DAWN) / MINUTE);
    return episodes.map((e) => `${minute(e.started_at)}-${minute(e.ended_at)} ${e.peak_milli / 1000}`);
  };
  const twin = (minute: number, degrees: number, key: string): Fact => {
    return { ...sampleAt(minute, degrees), occurredKey: key };
  };

  it('a cold sample that has a hot twin of greater key is no boundary', async () => {
    const first = [...samplesAt('0:5 5:9'), twin(8, 5, 'a'), twin(8, 9, 'z')];
    expect(await episodesAfter(first, samplesAt('12:9 16:9'))).toEqual(['5-open 9']);
  });

  it('a hot sample that has a cold twin of greater key does not keep an episode going', async () => {
    const back = [twin(20, 9, 'a'), twin(20, 5, 'z')];
    expect(
      await episodesAfter(samplesAt('0:9 10:9 15:9'), back, samplesAt('22:5'), samplesAt('26:5')),
    ).toEqual(['0-20 9']);
  });

  it('a late return splits an open episode, and each part has its own peak', async () => {
    const open = samplesAt('0:9 10:9 20:9 25:12 30:9');
    expect(await episodesAfter(open, samplesAt('12:5 17:5'))).toEqual(['0-12 9', '20-open 12']);
  });

  it('after a late return, what had only been the dead band of an episode begins anew', async () => {
    const open = samplesAt('0:9 10:9 20:7.8 22:9 30:9 33:9');
    expect(await episodesAfter(open, samplesAt('12:5 17:5'))).toEqual(['0-12 9', '22-open 9']);
  });

  it('samples and movements that are taken at the same time see each other', async () => {
    for (let round = 0; round < 8; round++) {
      await emptyLedger(store);
      await Promise.all([
        ingest(store, site, samplesAt('0:9 10:9')),
        ingest(store, site, [moveAt(-60, 'a', 'staging', 'chill')]),
        ingest(store, site, [moveAt(5, 'b', 'staging', 'chill')]),
      ]);
      expect(await spans(store)).toEqual(['a active 0-open', 'b active 5-open']);
    }
  });

  it('reads an excursion of any length from its end, and a batch of any length to its end', async () => {
    const long = Array.from({ length: 4_500 }, (_, index) => sampleAt(index, 9 + (index % 7) / 10));
    await insertSamples(store.db, long);
    await ingest(store, site, [sampleAt(4_500, 12)]);
    expect(await store.db.selectFrom('episodes').selectAll().execute()).toMatchObject([
      { started_at: DAWN, peak_milli: 12_000, ended_at: null },
    ]);
    await ingest(store, site, samplesAt('4501:5 4506:5'));
    expect(await store.db.selectFrom('episodes').selectAll().execute()).toMatchObject([
      { started_at: DAWN, peak_milli: 12_000, ended_at: DAWN + 4_501 * MINUTE, revision: 2 },
    ]);
    // Late twins of equal time and greater key stand in for what was there.
    const twins = [100, 101, 102, 103, 104, 105].map((m) => ({ ...sampleAt(m, 5), occurredKey: 'late' }));
    await ingest(store, site, twins);
    const episodes = await store.db.selectFrom('episodes').selectAll().orderBy('started_at').execute();
    expect(episodes.map((e) => (e.started_at - DAWN) / MINUTE)).toEqual([0, 106]);
  });
});
