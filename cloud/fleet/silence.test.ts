import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases } from '../../test/support/databases.ts';
import { listExceptions } from '../answers/exceptions.ts';
import { DAWN, emptyLedger, ledgerOf, MINUTE, siteOf } from '../coldchain/dock-story.fixture.ts';
import { lockDerivedState } from '../ledger/locks.ts';
import type { Store } from '../store/database.ts';
import { type DeviceFact, projectDeviceConditions } from './device-conditions.ts';
import { checkSilence } from './silence.ts';

describe.each(databases())('silence and faults on $name', ({ open }) => {
  let store: Store;
  let seq = 0;
  const site = { ...siteOf(), probes: siteOf().probes.filter(({ readPoint }) => readPoint !== 'chill-back') };
  const at = (minute: number) => DAWN + minute * MINUTE;
  const gateway = (state: string, stateAt: number, lastBatchAt: number | null = null, id = 'gate') =>
    store.db
      .insertInto('gateways')
      .values({
        id,
        created_at: DAWN,
        revoked_at: null,
        state,
        state_at: at(stateAt),
        last_batch_at: lastBatchAt === null ? null : at(lastBatchAt),
      })
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet({
          state,
          state_at: at(stateAt),
          last_batch_at: lastBatchAt === null ? null : at(lastBatchAt),
        }),
      )
      .execute();
  const event = (
    type: string,
    read_point: string | null,
    receivedAt: number,
    occurredAt: number,
    body: object,
    key?: number,
  ) =>
    store.db
      .insertInto('events')
      .values({
        gateway: 'gate',
        epoch: 'e1',
        lane: type === 'sample' ? 'condition' : 'health',
        seq: key ?? ++seq,
        type,
        read_point,
        occurred_at: occurredAt,
        recorded_at: occurredAt,
        received_at: receivedAt,
        boot_id: 'b',
        monotonic_ms: 0,
        clock: 'synced',
        body: JSON.stringify(body),
      })
      .execute();
  const heard = async (read_point: string, received: number, occurred = received) => {
    await event('sample', read_point, at(received), at(occurred), {});
    const occurred_key = `gate/e1/condition/${String(seq).padStart(16, '0')}`;
    await store.db
      .insertInto('samples')
      .values({
        read_point,
        metric: 'temperature',
        occurred_at: at(occurred),
        occurred_key,
        value_milli: 4000,
      })
      .execute();
  };
  const check = (minute: number) => checkSilence(store.db, site, at(minute));
  const exceptions = async () =>
    (await listExceptions(store.db, site))
      .map(({ kind, subject, clearedAt }) => {
        const end = clearedAt === null ? 'open' : (Date.parse(clearedAt) - DAWN) / MINUTE;
        return `${kind} ${subject} ${end}`;
      })
      .sort();
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());
  beforeEach(() => emptyLedger(store));

  it('a probe that stops is missed after the silence of the site, once, and cleared when it speaks', async () => {
    await gateway('online', 0, 40);
    await heard('chill-probe', 20);
    await heard('freezer-probe', 30);
    await check(34);
    expect(await exceptions()).toEqual([]);
    await check(35);
    await expect(check(36)).resolves.toEqual([]);
    expect(await exceptions()).toEqual(['SENSOR_SILENT chill-probe open']);
    await heard('chill-probe', 37);
    await expect(check(38)).resolves.toMatchObject([{ topic: 'exception', readPoint: 'chill-probe' }]);
    expect(await exceptions()).toEqual(['SENSOR_SILENT chill-probe 37']);
    await gateway('online', 0, 60);
    await heard('freezer-probe', 50);
    await check(52);
    expect(await exceptions()).toEqual(['SENSOR_SILENT chill-probe 37', 'SENSOR_SILENT chill-probe open']);
  });

  it('a draining backlog of old samples is not silence', async () => {
    await gateway('online', 0, 100);
    await heard('chill-probe', 99, 10);
    await heard('freezer-probe', 99, 12);
    await check(100);
    expect(await exceptions()).toEqual([]);
  });

  it('samples from the future do not hide that a probe is heard, nor that it is not', async () => {
    await gateway('online', 0, 100);
    for (let index = 0; index < 30; index++) await heard('chill-probe', 5, 5_000_000 + index);
    await heard('freezer-probe', 99);
    await heard('chill-probe', 98);
    await check(100);
    expect(await exceptions()).toEqual([]);
    await gateway('online', 0, 114);
    await check(113);
    expect(await exceptions()).toEqual(['SENSOR_SILENT chill-probe open']);
  });

  it('an offline gateway is raised in the place of its probes, which get their time when it is back', async () => {
    await gateway('online', 0, 10);
    await heard('chill-probe', 10);
    await heard('freezer-probe', 10);
    await gateway('offline', 12, 10);
    await check(26);
    expect(await exceptions()).toEqual([]);
    await check(27);
    await check(90);
    expect(await exceptions()).toEqual(['GATEWAY_SILENT gate open']);
    await gateway('online', 91, 10);
    await check(92);
    expect(await exceptions()).toEqual(['GATEWAY_SILENT gate 91']);
    await gateway('online', 91, 105);
    await heard('freezer-probe', 105);
    await check(106);
    expect(await exceptions()).toEqual(['GATEWAY_SILENT gate 91', 'SENSOR_SILENT chill-probe open']);
  });

  it('a gateway that says offline again is still one spell of silence', async () => {
    await gateway('offline', 0, 0);
    await check(20);
    await gateway('offline', 18, 0);
    await check(21);
    await check(40);
    expect(await exceptions()).toEqual(['GATEWAY_SILENT gate open']);
  });

  it('a gateway that is online but mute is silent, if it has probes', async () => {
    await gateway('online', 0, 10);
    await gateway('online', 0, 0, 'portal-only');
    await heard('chill-probe', 10);
    await heard('freezer-probe', 10);
    await check(60);
    expect(await exceptions()).toEqual(['GATEWAY_SILENT gate open']);
  });

  it('a probe of which nothing was ever heard counts from when its gateway came online', async () => {
    await check(60);
    expect(await exceptions()).toEqual([]);
    await gateway('online', 60, 70);
    await heard('freezer-probe', 70);
    await check(74);
    expect(await exceptions()).toEqual([]);
    await check(75);
    expect(await exceptions()).toEqual(['SENSOR_SILENT chill-probe open']);
  });

  it('a door contact is never missed, whether it has spoken or the site says what it is', async () => {
    await gateway('online', 0, 60);
    await heard('freezer-probe', 60);
    await store.db
      .insertInto('contacts')
      .values({ read_point: 'chill-probe', state: 'closed', changed_at: DAWN, changed_key: 'k' })
      .execute();
    await check(60);
    expect(await exceptions()).toEqual([]);
  });

  const say = async (
    facts: [minute: number, active: boolean, key: number][],
    over: Partial<Omit<DeviceFact, 'occurredAt'>> = {},
  ) => {
    const fact = {
      gateway: 'gate',
      device: 'bus-1',
      condition: 'PROBE_OPEN',
      readPoint: 'chill-probe',
      ...over,
    };
    for (const [minute, active, key] of facts) {
      const { gateway: _, readPoint, ...body } = fact;
      const full = { ...body, active, detail: 'open circuit', ...(readPoint === null ? {} : { readPoint }) };
      await event('device', fact.readPoint, at(minute), at(minute), full, key);
    }
    const fresh = facts.map(([minute]) => ({ ...fact, occurredAt: at(minute) }));
    return store.db.transaction().execute(async (trx) => {
      await lockDerivedState(trx);
      return projectDeviceConditions(trx, fresh, { site, now: DAWN });
    });
  };

  it('a fault of a probe is a SENSOR_FAULT of its room while it lasts, and excuses its silence', async () => {
    await say([[0, true, 1]]);
    await gateway('online', 0, 60);
    await heard('freezer-probe', 60);
    await check(60);
    expect(await exceptions()).toEqual(['SENSOR_FAULT chill-probe open']);
    const [fault] = await listExceptions(store.db, site);
    expect(fault).toMatchObject({ title: 'Chill probe cannot measure: PROBE_OPEN', location: 'chill' });
    await say([[61, false, 2]]);
    await check(62);
    expect(await exceptions()).toEqual(['SENSOR_FAULT chill-probe 61', 'SENSOR_SILENT chill-probe open']);
  });

  it('what a device says of itself is a DEVICE_FAULT; what only happens is over at once; losses are reported as gaps', async () => {
    await say([[0, true, 1]], { condition: 'ANTENNA_DISCONNECTED', device: 'reader', readPoint: null });
    await say([[1, true, 2]], { condition: 'READER_EXCEPTION', device: 'reader', readPoint: null });
    await say([[2, true, 3]], { condition: 'DISCARDED', device: 'reader', readPoint: null });
    expect(await exceptions()).toEqual(['DEVICE_FAULT reader 1', 'DEVICE_FAULT reader open']);
  });

  it('the same condition at another point of one bus is another matter', async () => {
    await say([[0, true, 1]]);
    await say([[1, false, 2]], { readPoint: 'freezer-probe' });
    expect(await exceptions()).toEqual(['SENSOR_FAULT chill-probe open']);
  });

  it('device events in any order and repetition give the same exceptions', async () => {
    const arbitraryEvents = fc.array(fc.tuple(fc.nat(12), fc.boolean()), { minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(
        arbitraryEvents,
        fc.array(fc.nat(99), { minLength: 10, maxLength: 10 }),
        async (events, dice) => {
          const keyed = events.map(([minute, active], key): [number, boolean, number] => [
            minute,
            active,
            key + 1,
          ]);
          await emptyLedger(store);
          await say(keyed);
          const whole = (await ledgerOf(store)).exceptions;
          await emptyLedger(store);
          const shuffled = keyed
            .map((one, index) => ({ one, at: dice[index] ?? 0 }))
            .sort((a, b) => a.at - b.at)
            .map(({ one }) => one);
          for (const one of shuffled) await say([one]);
          expect((await ledgerOf(store)).exceptions).toEqual(whole);
        },
      ),
      { numRuns: 12 },
    );
  });
});
