import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases } from '../../test/support/databases.ts';
import { getException, listExceptions, listHolds } from '../answers/exceptions.ts';
import { exceptionSchema } from '../contract/exceptions.ts';
import { holdSchema } from '../contract/holds.ts';
import { acknowledgeException, releaseHold, resolveException } from '../exceptions/decide.ts';
import { exceptionId } from '../exceptions/exception-id.ts';
import { EXCEPTION_KINDS, kindOf } from '../exceptions/kinds.ts';
import {
  clearExceptions,
  type ExceptionRow,
  raiseExceptions,
  withdrawExceptions,
} from '../exceptions/raise.ts';
import type { Store } from '../store/database.ts';
import {
  DAWN,
  emptyLedger,
  ingest,
  ledgerOf,
  MINUTE,
  moveAt,
  samplesAt,
  siteOf,
} from './dock-story.fixture.ts';
import { retireEpisodes } from './retire.ts';

const QUINN = { actor: 'quinn', reason: 'unit repaired, product file 12' };
const GTIN = '04006381333931';

function shortShipment(over: Partial<ExceptionRow> = {}): ExceptionRow {
  return {
    id: exceptionId('SHIPMENT_SHORT', 'asn-7'),
    kind: 'SHIPMENT_SHORT',
    subject: 'asn-7',
    location: null,
    readPoint: 'dock-1',
    raisedAt: DAWN,
    detail: { missing: 2 },
    ...over,
  };
}

describe('the kinds', () => {
  it.each(Object.entries(EXCEPTION_KINDS))(
    '%s says what happened and what to do in one sentence',
    (_, kind) => {
      expect(kind.title).not.toMatch(/\.$/);
      expect(kind.advice).toMatch(/^[A-Z].*\.$/);
      expect(kind.advice.match(/\./g)).toHaveLength(1);
    },
  );

  it('a name that is no kind is none, whatever objects inherit', () => {
    expect(kindOf('toString')).toBeUndefined();
  });
});

describe.each(databases())('exceptions on $name', ({ open }) => {
  let store: Store;
  const site = siteOf();
  const raise = (...rows: ExceptionRow[]) =>
    store.db.transaction().execute((trx) => raiseExceptions(trx, rows, DAWN));
  const one = async () => (await listExceptions(store.db, site))[0];
  const excursion = async (samples: string) => {
    await ingest(store, site, [moveAt(-60, 'aa', 'staging', 'chill'), moveAt(-60, 'bb', 'staging', 'chill')]);
    await ingest(store, site, samplesAt(samples));
    return (await one())?.id ?? '';
  };
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());
  beforeEach(() => emptyLedger(store));

  it('raising twice is raising once; a change is the next revision', async () => {
    await expect(raise(shortShipment(), shortShipment())).resolves.toEqual([
      { topic: 'exception', at: new Date(DAWN).toISOString(), id: shortShipment().id, readPoint: 'dock-1' },
    ]);
    await expect(raise(shortShipment())).resolves.toEqual([]);
    await expect(raise(shortShipment({ detail: { missing: 3 } }))).resolves.toHaveLength(1);
    expect(await one()).toMatchObject({
      revision: 2,
      severity: 'warning',
      status: 'raised',
      detail: { missing: 3 },
    });
  });

  it('a machine raises a severity and never lowers it', async () => {
    await raise(shortShipment({ severity: 'critical' }));
    await expect(raise(shortShipment({ severity: 'info' }))).resolves.toEqual([]);
    expect((await one())?.severity).toBe('critical');
  });

  it('the earliest end stands, and raising again without a word about the end keeps it', async () => {
    await raise(shortShipment());
    const clear = (clearedAt: number) =>
      store.db
        .transaction()
        .execute((trx) => clearExceptions(trx, [{ id: shortShipment().id, clearedAt }], DAWN));
    await clear(DAWN + 5);
    await clear(DAWN + 3);
    await expect(clear(DAWN + 9)).resolves.toEqual([]);
    await raise(shortShipment());
    expect((await one())?.clearedAt).toBe(new Date(DAWN + 3).toISOString());
    await raise(shortShipment({ clearedAt: null }));
    expect((await one())?.clearedAt).toBeNull();
  });

  it('what is withdrawn leaves the list, cannot be decided, and comes back with what people had said', async () => {
    await raise(shortShipment());
    const { id } = shortShipment();
    await acknowledgeException(store.db, id, QUINN, DAWN);
    await store.db.transaction().execute((trx) => withdrawExceptions(trx, [id], DAWN));
    await expect(one()).resolves.toBeUndefined();
    await expect(listExceptions(store.db, site, { status: 'withdrawn' })).resolves.toHaveLength(1);
    await expect(resolveException(store.db, id, QUINN, DAWN)).rejects.toMatchObject({ reason: 'withdrawn' });
    await raise(shortShipment());
    expect(await one()).toMatchObject({ status: 'acknowledged', decisions: [{ actor: 'quinn' }] });
  });

  it('an excursion can be acknowledged at once and resolved only when it is over', async () => {
    const id = await excursion('0:9 10:9 15:9');
    await acknowledgeException(store.db, id, { actor: 'dana', reason: '' }, DAWN);
    await expect(resolveException(store.db, id, QUINN, DAWN)).rejects.toMatchObject({
      reason: 'still-active',
    });
    await ingest(store, site, samplesAt('20:5 25:5'));
    await expect(resolveException(store.db, id, { actor: 'q', reason: ' ' }, DAWN)).rejects.toMatchObject({
      reason: 'reason-missing',
    });
    await resolveException(store.db, id, QUINN, DAWN + MINUTE);
    const resolved = await getException(store.db, site, id);
    expect(exceptionSchema.parse(resolved)).toMatchObject({
      status: 'resolved',
      title: 'Too warm in Chill room: 9 °C, limit 8 °C',
      holds: { active: 2, released: 0 },
      decisions: [
        { action: 'acknowledge', actor: 'dana' },
        { action: 'resolve', actor: 'quinn', reason: QUINN.reason },
      ],
    });
  });

  it('an excursion whose probe has died can be closed without proof of the return', async () => {
    const id = await excursion('0:9 10:9 15:9');
    await raise({
      ...shortShipment(),
      id: exceptionId('SENSOR_SILENT', 'chill-probe', DAWN),
      kind: 'SENSOR_SILENT',
      subject: 'chill-probe',
      readPoint: 'chill-probe',
    });
    await resolveException(store.db, id, QUINN, DAWN);
    expect(await getException(store.db, site, id)).toMatchObject({
      status: 'resolved',
      decisions: [{ action: 'close' }],
    });
  });

  it('late data that reopens an episode reopens what was resolved', async () => {
    const id = await excursion('0:9 10:9 15:5 20:5');
    await resolveException(store.db, id, QUINN, DAWN);
    await ingest(store, site, samplesAt('16:9 17:9'));
    await ingest(store, site, samplesAt('18:9'));
    expect(await getException(store.db, site, id)).toMatchObject({ status: 'acknowledged', clearedAt: null });
  });

  it('a release frees the named objects of this exception only, with who and why on record', async () => {
    const id = await excursion('0:9 10:9 15:9');
    await expect(releaseHold(store.db, { exceptionId: id, epcs: ['cc'] }, QUINN, DAWN)).rejects.toMatchObject(
      { reason: 'nothing-held' },
    );
    await expect(
      releaseHold(store.db, { exceptionId: id, epcs: ['aa', 'cc'] }, QUINN, DAWN),
    ).resolves.toEqual([expect.objectContaining({ topic: 'hold', id, location: 'chill' })]);
    expect((await getException(store.db, site, id))?.holds).toEqual({ active: 1, released: 1 });
    await releaseHold(store.db, { exceptionId: id, epcs: 'all' }, QUINN, DAWN);
    const decisions = await store.db.selectFrom('decisions').selectAll().orderBy('id').execute();
    expect(decisions.map((d) => `${d.subject_kind} ${d.subject_id} ${d.action} ${d.actor}`)).toEqual([
      `hold ${id}/aa release quinn`,
      `hold ${id}/bb release quinn`,
    ]);
    await ingest(store, site, [moveAt(17, 'aa', 'chill', 'staging'), moveAt(18, 'aa', 'staging', 'chill')]);
    expect((await ledgerOf(store)).holds.map((hold) => `${hold.epc} ${hold.status}`)).toEqual([
      'aa released',
      'bb released',
    ]);
  });

  it('nothing can be decided about what does not exist', async () => {
    await expect(acknowledgeException(store.db, 'nope', QUINN, DAWN)).rejects.toMatchObject({
      reason: 'not-found',
    });
    await expect(
      releaseHold(store.db, { exceptionId: 'nope', epcs: 'all' }, QUINN, DAWN),
    ).rejects.toMatchObject({ reason: 'not-found' });
  });

  it('lists holds with what the object is and where it is now', async () => {
    await store.db
      .insertInto('tag_master')
      .values({ epc: 'aa', lot: 'L7', expiry: null, shipment: null })
      .execute();
    const id = await excursion('0:9 10:9 15:9');
    await store.db
      .updateTable('objects')
      .set({ gtin: GTIN, location: 'staging' })
      .where('epc', '=', 'aa')
      .execute();
    const holds = await listHolds(store.db, site, { exceptionId: id });
    expect(holds.map((hold) => holdSchema.parse(hold))).toEqual([
      expect.objectContaining({ epc: 'aa', gtin: GTIN, itemName: 'Yoghurt', lot: 'L7', location: 'staging' }),
      expect.objectContaining({ epc: 'bb', gtin: null, itemName: null, lot: null, location: 'chill' }),
    ]);
    await expect(listHolds(store.db, site, { location: 'staging' })).resolves.toHaveLength(1);
    await expect(listHolds(store.db, site, { status: 'released' })).resolves.toEqual([]);
    await expect(listHolds(store.db, site, { limit: 1, offset: 1 })).resolves.toMatchObject([{ epc: 'bb' }]);
  });

  it('filters exceptions, newest first', async () => {
    await raise(shortShipment(), shortShipment({ id: 'later', raisedAt: DAWN + 1, location: 'chill' }));
    expect((await listExceptions(store.db, site)).map(({ id }) => id)).toEqual(['later', shortShipment().id]);
    await expect(listExceptions(store.db, site, { location: 'chill' })).resolves.toMatchObject([
      { id: 'later' },
    ]);
    await expect(listExceptions(store.db, site, { kind: 'TEMP_HIGH' })).resolves.toEqual([]);
    await expect(listExceptions(store.db, site, { limit: 1, offset: 1 })).resolves.toHaveLength(1);
  });

  it('an open episode of a rule that the site no longer has ends with the last sample', async () => {
    const id = await excursion('0:9 10:9 15:9');
    await expect(retireEpisodes(store.db, site, DAWN)).resolves.toEqual([]);
    await retireEpisodes(store.db, siteOf([]), DAWN + 60 * MINUTE);
    expect(await getException(store.db, site, id)).toMatchObject({
      clearedAt: new Date(DAWN + 15 * MINUTE).toISOString(),
      holds: { active: 2 },
    });
    await resolveException(store.db, id, QUINN, DAWN);
  });
});
