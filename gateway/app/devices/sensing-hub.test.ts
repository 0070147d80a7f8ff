import { expect, test } from 'vitest';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { TagRead } from '../../../protocol/readings/reading.ts';
import { JournalFolder, openVirtual, readAll, START } from '../../journal/worker/journal.fixture.ts';
import { type ReadPoint, readPointSchema } from '../../sensing/read-point.ts';
import { createSteadyClock, onWallScale, takeScale } from '../clock/steady-clock.ts';
import { createDurableOutbox } from './durable-outbox.ts';
import { createSensingHub } from './sensing-hub.ts';

const DOOR = readPointSchema.parse({
  id: 'door-1',
  kind: 'portal',
  antennas: [{ device: 'reader-1', antenna: '1' }],
  direction: { mode: 'assigned', as: 'IN' },
  stray: { minReads: 1 },
});

const read = (epc: string, at: number): TagRead => ({
  kind: 'tag',
  device: 'reader-1',
  channel: '1',
  at,
  epc,
  readCount: 1,
  firstSeenAt: at,
  lastSeenAt: at,
});

/** A hub on the journal file, brought back to where the last one was. */
async function startHub(file: string) {
  const { clock, journal, run } = await openVirtual(file);
  const outbox = createDurableOutbox(journal, clock);
  const hub = createSensingHub([DOOR], outbox, clock);
  hub.restore(await journal.checkpoints());
  return { clock, journal, hub, run };
}

test('a pass that is over is emitted once, however often the gateway restarts', async () => {
  using folder = new JournalFolder();
  const first = await startHub(folder.file);
  const taken = first.hub.accept([read('30aa', START), read('30bb', START)], START);
  await first.run(taken ?? Promise.resolve());
  await first.clock.runFor(60_000);
  expect(await first.journal.checkpoints()).toEqual([]);
  first.hub.close();
  await first.journal.close();
  for (let restart = 0; restart < 2; restart++) {
    const next = await startHub(folder.file);
    await next.clock.runFor(60_000);
    const receipts = await readAll(next.journal, 'stock');
    expect(receipts.map((event) => event.type)).toEqual(['receipt']);
    next.hub.close();
    await next.journal.close();
  }
});

const PROBE = readPointSchema.parse({
  id: 'cold-1',
  kind: 'condition',
  device: 'bus-1',
  channel: '1',
  metrics: { temperature: { deadBandMilli: 100 } },
  silentAfterMs: 60_000,
});

/** A hub as the gateway wires it, on a wall clock that can be set. */
async function startSteppedHub(file: string, points: readonly ReadPoint[], setBefore = 0) {
  const { clock: virtual, journal } = await openVirtual(file);
  let aheadMs = setBefore;
  const wall: Clock = {
    now: () => virtual.now() + aheadMs,
    monotonicMs: () => virtual.monotonicMs(),
    setTimer: (delayMs, name, task) => virtual.setTimer(delayMs, name, task),
    track: (work) => virtual.track(work),
  };
  const scale = takeScale(await journal.checkpoints());
  const clock = createSteadyClock(wall, scale.wallAheadMs);
  const hub = createSensingHub(points, createDurableOutbox(onWallScale(journal, clock), clock), clock);
  hub.restore(scale.rows);
  const set = (stepMs: number) => {
    aheadMs += stepMs;
  };
  return { virtual, journal, wall, clock, hub, set };
}

const STEPS_MS = [5000, 3_600_000, 10 * 365 * 86_400_000, -5000, -3_600_000, -10 * 365 * 86_400_000];

test.each(STEPS_MS)(
  'a wall clock set by %d ms in mid-pass neither ends nor tears the pass',
  async (stepMs) => {
    using folder = new JournalFolder();
    const { virtual, journal, wall, clock, hub, set } = await startSteppedHub(folder.file, [DOOR]);
    for (let n = 0; n < 20; n++) {
      if (n === 10) set(stepMs);
      const now = clock.now();
      void hub.accept([read('30aa', now), read('30bb', now)], now);
      await virtual.runFor(500);
    }
    const seenLastAt = wall.now() - 500;
    await virtual.runFor(30_000);
    const startedAt = seenLastAt - 19 * 500;
    const sightings = { firstSeenAt: startedAt, lastSeenAt: seenLastAt };
    expect(await readAll(journal, 'stock')).toMatchObject([
      {
        type: 'receipt',
        occurredAt: seenLastAt,
        startedAt,
        passId: `door-1@${startedAt}`,
        tags: [
          { epc: '30aa', ...sightings },
          { epc: '30bb', ...sightings },
        ],
      },
    ]);
    hub.close();
    await journal.close();
  },
);

test.each(STEPS_MS)(
  'a pass under way keeps its times through a clock set by %d ms and a restart',
  async (stepMs) => {
    using folder = new JournalFolder();
    const first = await startSteppedHub(folder.file, [DOOR]);
    const see = async ({ hub, clock, virtual }: typeof first, epc: string) => {
      const now = clock.now();
      const taken = hub.accept([read(epc, now)], now);
      await virtual.runUntilSettled(taken ?? Promise.resolve());
    };
    await see(first, '30aa');
    first.set(stepMs);
    await see(first, '30bb');
    first.hub.close();
    await first.journal.abandon();

    // The next process finds the wall clock as it was set.
    const next = await startSteppedHub(folder.file, [DOOR], stepMs);
    await next.virtual.runFor(60_000);
    const startedAt = START + stepMs;
    expect(await readAll(next.journal, 'stock')).toMatchObject([
      {
        type: 'receipt',
        startedAt,
        tags: [
          { epc: '30aa', firstSeenAt: startedAt },
          // A group commit later.
          { epc: '30bb', firstSeenAt: startedAt + 50 },
        ],
      },
    ]);
    next.hub.close();
    await next.journal.close();
  },
);

test.each(STEPS_MS)('a wall clock set by %d ms does not silence a probe', async (stepMs) => {
  using folder = new JournalFolder();
  const { virtual, journal, clock, hub, set } = await startSteppedHub(folder.file, [PROBE]);
  for (let n = 0; n < 7; n++) {
    const now = clock.now();
    const cold = { kind: 'condition', device: 'bus-1', channel: '1', metric: 'temperature' } as const;
    void hub.accept([{ ...cold, at: now, sampledAt: now, valueMilli: 4000 }], now);
    // The silence is looked for a minute after the first reading, before the next one comes.
    await virtual.runFor(5000);
    if (n === 5) set(stepMs);
    await virtual.runFor(n === 0 ? 6000 : 5000);
  }
  expect(await readAll(journal, 'health')).toEqual([]);
  hub.close();
  await journal.close();
});

test('what a read point had under way when it was taken out of the configuration is reported as a gap, once', async () => {
  using folder = new JournalFolder();
  const first = await startHub(folder.file);
  await first.run(first.hub.accept([read('30aa', START)], START) ?? Promise.resolve());
  first.hub.close();
  await first.journal.abandon();
  for (let restart = 0; restart < 2; restart++) {
    const { journal, clock } = await openVirtual(folder.file);
    const hub = createSensingHub([PROBE], createDurableOutbox(journal, clock), clock);
    hub.restore(await journal.checkpoints());
    await clock.runFor(1000);
    expect(await journal.checkpoints()).toEqual([]);
    const reason = 'read point door-1 is not configured any more; 2 checkpoint rows dropped';
    expect(await readAll(journal, 'health')).toMatchObject([{ type: 'gap', reason }]);
    await journal.close();
  }
});

test('a pass under way at a restart is emitted once, with what was seen before', async () => {
  using folder = new JournalFolder();
  const first = await startHub(folder.file);
  const taken = first.hub.accept([read('30aa', START)], START);
  await first.run(taken ?? Promise.resolve());
  first.hub.close();
  await first.journal.abandon();
  const next = await startHub(folder.file);
  await next.clock.runFor(60_000);
  const receipts = await readAll(next.journal, 'stock');
  expect(receipts).toMatchObject([{ type: 'receipt', tags: [{ epc: '30aa' }] }]);
  await next.journal.close();
});
