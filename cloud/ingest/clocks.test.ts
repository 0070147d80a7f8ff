/** Gateways whose clocks lie, against the ledger: what is wrong is put right, late or early, in any order. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Batch } from '../../protocol/link/batch.ts';
import type { VirtualClock } from '../../protocol/ports/virtual-clock.ts';
import { clockAt } from '../../test/support/clock-at.ts';
import { databases } from '../../test/support/databases.ts';
import { effort } from '../../test/support/effort.ts';
import { projectColdChain } from '../coldchain/project.ts';
import type { Store } from '../store/database.ts';
import { batchesOf, clockHistories, recordHistory } from './clocks.fixture.ts';
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
  testIngest,
  weighing,
} from './deliveries.fixture.ts';
import type { Ingest } from './ingest.ts';

const DAY = 24 * 60 * MINUTE;

describe.each(databases())('clocks on $name', ({ open }) => {
  let store: Store;
  let ingest: Ingest;
  let clock: VirtualClock;
  beforeAll(async () => {
    store = await open();
    await register(store, 'gw-1');
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    await clear(store);
    clock = clockAt(T0 + DAY);
    ingest = testIngest(store, clock);
  });

  const take = (batch: Batch) => ingest.deliver(delivery(batch));
  /** Until nothing more happens by itself. */
  const takeAll = async (batches: readonly Batch[]) => {
    await Promise.all(batches.map(take));
    await clock.settle();
  };
  const times = () =>
    store.db
      .selectFrom('events')
      .select(['epoch', 'lane', 'seq', 'occurred_at', 'raw_occurred_at', 'correction_ms', 'time_quality'])
      .orderBy('epoch')
      .orderBy('lane')
      .orderBy('seq')
      .execute();
  const raised = (kind: string) =>
    store.db
      .selectFrom('exceptions')
      .select(['subject', 'cleared_at', 'detail'])
      .where('kind', '=', kind)
      .execute();
  /** Without the clock events. */
  const meaning = async () => {
    const { watermarks: _, passes, ...rest } = await dump(store);
    const plain = passes?.map((row) =>
      Object.assign({}, row, { correction_ms: null, time_quality: 'as-recorded' }),
    );
    return { ...rest, passes: plain };
  };

  const arrivals = (batches: readonly Batch[], noise: Iterator<number>) =>
    [...batches, ...batches]
      .map((batch) => ({ batch, at: noise.next().value }))
      .sort((a, b) => a.at - b.at)
      .map(({ batch }) => batch);

  it('are put right: the ledger is that of a perfect clock, in any order, duplication and splitting', async () => {
    await fc.assert(
      fc.asyncProperty(
        clockHistories,
        fc.integer({ min: 1, max: 6 }),
        fc.infiniteStream(fc.nat(1000)),
        async (history, size, noise) => {
          const recorded = recordHistory(history, { allConfirmed: true, exact: true });
          await clear(store);
          await takeAll(batchesOf(recorded, 'truth', 1000));
          const truth = await meaning();

          await clear(store);
          await takeAll(arrivals(batchesOf(recorded, 'record', size), noise));
          expect((await times()).filter((row) => row.time_quality === 'waiting')).toEqual([]);
          expect(await meaning()).toEqual(truth);
          const whole = await dump(store);
          await ingest.rebuild();
          expect(await dump(store)).toEqual(whole);
        },
      ),
      { numRuns: effort(5, 15) },
    );
  });

  it('give the same times, guessed or known, in any order of arrival', async () => {
    await fc.assert(
      fc.asyncProperty(
        clockHistories,
        fc.integer({ min: 1, max: 6 }),
        fc.infiniteStream(fc.nat(1000)),
        async (history, size, noise) => {
          const recorded = recordHistory(history, { allConfirmed: false, exact: false });
          await clear(store);
          await takeAll(batchesOf(recorded, 'record', 1000));
          const inOrder = { ...(await dump(store)), times: await times() };

          await clear(store);
          await takeAll(arrivals(batchesOf(recorded, 'record', size), noise));
          expect({ ...(await dump(store)), times: await times() }).toEqual(inOrder);
          const { times: _, ...projections } = inOrder;
          await ingest.rebuild();
          expect(await dump(store)).toEqual(projections);
        },
      ),
      { numRuns: effort(5, 15) },
    );
  });

  /** A pass of a gateway that woke in 1970, `seconds` after that. */
  const early = (seconds: number, bootId: string, firstSeq: number, epc: string) => {
    const batch = batchOf([pass('receipt', 'dock-1', seconds * 1000, [epc])], { firstSeq, boot: BOOT });
    const events = batch.events.map((record) => {
      return {
        ...record,
        recordedAt: seconds * 1000,
        bootId,
        monotonicMs: seconds * 1000,
        clock: 'unsynced' as const,
      };
    });
    return { ...batch, events };
  };
  const BOOT = { n: 1, id: 'opening', base: 0 };
  /** The cloud's or the system's word, `seconds` after the start of the boot at `start`. */
  const word = (
    start: number,
    seconds: number,
    bootId: string,
    firstSeq: number,
    source: 'step' | 'system',
  ) => {
    const at = { bootId, monotonicMs: seconds * 1000 };
    const wallAfter = source === 'step' ? at.monotonicMs : start + at.monotonicMs;
    const walls = { occurredAt: at.monotonicMs, wallBefore: at.monotonicMs, wallAfter };
    const batch = batchOf([{ type: 'clock', ...walls, ...at, source }], { firstSeq, boot: BOOT });
    const events = batch.events.map((record) => ({
      ...record,
      ...at,
      recordedAt: at.monotonicMs,
      clock: 'unsynced' as const,
    }));
    return { ...batch, events };
  };

  it('let two passes of two boots that woke in 1970 be two passes', async () => {
    await takeAll([
      early(20, 'boot-1', 1, EPCS[0]),
      early(20, 'boot-2', 2, EPCS[1]),
      word(T0, 30, 'boot-1', 1, 'system'),
      word(T0 + DAY / 2, 30, 'boot-2', 2, 'system'),
    ]);
    const passes = await store.db
      .selectFrom('passes')
      .select(['pass_id', 'started_at', 'time_quality', 'correction_ms'])
      .orderBy('started_at')
      .execute();
    expect(passes).toEqual(
      [T0, T0 + DAY / 2].map((start) => ({
        pass_id: `dock-1@${start + 17_000}`,
        started_at: start + 17_000,
        time_quality: 'corrected',
        correction_ms: start,
      })),
    );
    expect(await times()).toMatchObject([
      { lane: 'health' },
      { lane: 'health' },
      { lane: 'stock', occurred_at: T0 + 20_000, raw_occurred_at: 20_000 },
      { lane: 'stock', occurred_at: T0 + DAY / 2 + 20_000, raw_occurred_at: 20_000 },
    ]);
  });

  it('hold events back, acked, until the health lane is whole up to the word that puts them right', async () => {
    await expect(take(early(20, 'boot-1', 1, EPCS[0]))).resolves.toMatchObject({ upTo: 1 });
    await takeAll([word(T0, 40, 'boot-1', 3, 'system')]);
    expect(await times()).toMatchObject([{ lane: 'health' }, { lane: 'stock', time_quality: 'waiting' }]);
    expect((await dump(store)).passes).toEqual([]);
    // The hole was the word that counts.
    await takeAll([word(T0, 5, 'boot-1', 1, 'step'), word(T0 + 700, 30, 'boot-1', 2, 'system')]);
    expect((await dump(store)).passes).toMatchObject([{ occurred_at: T0 + 20_700 }]);
  });

  it('do not leave an event waiting that comes while the hole before its word closes', async () => {
    // The first is of before the clock was right; those behind it keep its transaction busy.
    const waiting = early(20, 'boot-1', 1, EPCS[0]);
    const others = batchOf(
      Array.from({ length: 300 }, (_, n) => weighing(T0 + n, n)),
      { firstSeq: 2 },
    );
    const stock = { ...waiting, lastSeq: 301, events: [...waiting.events, ...others.events] };
    const recorded = { bootId: 'boot-1', monotonicMs: 1, wallBefore: 1, wallAfter: 1 };
    const right = word(T0, 40, 'boot-1', 2, 'system');
    const beyondHole = {
      ...right,
      events: right.events.map((record) => ({ ...record, clock: 'synced' as const })),
    };
    const closing = batchOf([{ type: 'clock', occurredAt: T0, ...recorded }], { boot: BOOT });
    for (let time = 0; time < 12; time++) {
      await clear(store);
      await takeAll([beyondHole]);
      await takeAll([stock, closing]);
      expect((await dump(store)).passes, `time ${time}`).toMatchObject([{ occurred_at: T0 + 20_000 }]);
    }
  });

  it('are taken at their word where the gateway does not send openings', async () => {
    const { boot: _, ...old } = early(20, 'boot-1', 1, EPCS[0]);
    await takeAll([old]);
    expect(await times()).toMatchObject([{ occurred_at: 20_000, time_quality: 'as-recorded' }]);
  });

  it('settle a long backlog page by page', async () => {
    const events = Array.from({ length: 900 }, (_, n) => pass('receipt', 'dock-1', n * 1000, []));
    for (let part = 0; part < 3; part++) {
      const batch = batchOf(events, { firstSeq: part * 900 + 1, boot: BOOT });
      const records = batch.events.map((record) => {
        return {
          ...record,
          recordedAt: record.seq,
          bootId: 'boot-1',
          monotonicMs: record.seq,
          clock: 'unsynced' as const,
        };
      });
      await take({ ...batch, events: records });
    }
    await takeAll([word(T0, 30, 'boot-1', 1, 'system')]);
    expect(ingest.counters.settledEvents).toBe(2700);
    expect((await times()).filter((row) => row.time_quality === 'waiting')).toEqual([]);
  });

  it('notify people when they keep events waiting, until they do not', async () => {
    await take(early(20, 'boot-1', 1, EPCS[0]));
    await ingest.checkClocks();
    expect(await raised('CLOCK_UNSYNCED')).toEqual([]);
    await clock.runFor(6 * MINUTE);
    await ingest.checkClocks();
    await ingest.checkClocks();
    expect(await raised('CLOCK_UNSYNCED')).toMatchObject([
      { subject: 'gw-1', cleared_at: null, detail: { events: 1 } },
    ]);
    await takeAll([word(T0, 30, 'boot-1', 1, 'system')]);
    await ingest.checkClocks();
    expect(await raised('CLOCK_UNSYNCED')).toMatchObject([{ cleared_at: clock.now() }]);
  });

  it('of one gateway whose events cannot take effect leave those of the others alone', async () => {
    await register(store, 'gw-0');
    let isBroken = true;
    ingest = testIngest(store, clock, {
      coldChain: async (trx, facts, context) => {
        if (isBroken && facts.movements.some(({ epc }) => epc === EPCS[0])) throw new Error('broken');
        return projectColdChain(trx, facts, context);
      },
    });
    const both = [
      { gateway: 'gw-0', epc: EPCS[0] },
      { gateway: 'gw-1', epc: EPCS[1] },
    ];
    for (const { gateway, epc } of both) await take({ ...early(20, 'boot-1', 1, epc), gateway });
    await clock.runFor(DAY);
    await expect(ingest.checkClocks()).rejects.toThrow('broken');
    expect((await dump(store)).passes).toHaveLength(1);
    expect(await raised('CLOCK_UNSYNCED')).toMatchObject([{ subject: 'gw-0' }]);
    isBroken = false;
    await takeAll(both.map(({ gateway }) => ({ ...word(T0, 30, 'boot-1', 1, 'system'), gateway })));
    expect((await dump(store)).passes).toHaveLength(2);
    expect(ingest.counters).toMatchObject({ settledEvents: 2, clockFailures: 1 });
  });

  it('are given up after a day: the receipt bounds the time, and people are notified that it is a guess', async () => {
    await take(early(20, 'boot-1', 1, EPCS[0]));
    await clock.runFor(MINUTE);
    await take(early(80, 'boot-1', 2, EPCS[1]));
    await clock.runFor(DAY);
    await ingest.checkClocks();
    const at = T0 + DAY;
    expect(await times()).toMatchObject([
      { occurred_at: at, time_quality: 'estimated' },
      { occurred_at: at + MINUTE, time_quality: 'estimated' },
    ]);
    expect(await raised('CLOCK_ESTIMATED')).toMatchObject([
      { subject: 'gw-1', detail: { bootId: 'boot-1' } },
    ]);
    const stands = await dump(store);
    await ingest.rebuild();
    expect(await dump(store)).toEqual(stands);
  });
});
