/** Rows as they lie in journals in the field: a newer gateway must bring the pass back from them. */
import { expect, test } from 'vitest';
import { FIRST_SIGHT, portal } from './dock.fixture.ts';
import { HELD_REPORTS_MS } from './limits.ts';
import { createPortalSensor } from './portal-sensor.ts';

const NOW = 1_772_431_214_000;
const row = (name: string, body: unknown) => ({ key: `dock-1/${name}`, body: JSON.stringify(body) });
const eye = (broken: boolean, since: number) => ({ broken, since, blocked: false });
const tag = { firstSeenAt: 1_772_431_210_100, presentSince: 1_772_431_209_900, antenna: 0, rssiDbm: -58 };
const flags = { moved: true, carried: false, parkedBefore: false };
const session = {
  openedByBeam: true,
  openedAt: 1_772_431_210_000,
  activeAt: 1_772_431_213_000,
  sightedAt: 1_772_431_213_000,
};

test('a pass judged by its beams comes back from its rows', () => {
  const crossing = { both: true, spoilt: false, startAt: 1_772_431_210_000, endAt: 1_772_431_212_000 };
  const sensor = createPortalSensor(portal());
  sensor.restore(
    [
      row('1772431210000/session', session),
      row('1772431210000/3061', { ...tag, ...flags }),
      row('1772431210000/3062', { ...tag, ...flags, rssiDbm: undefined }),
      row('beams', {
        outer: eye(false, 1_772_431_211_000),
        inner: eye(false, 1_772_431_212_000),
        crossings: [{ first: 'outer', last: 'inner', ...crossing }],
      }),
      row('parked/e280', { levels: [null, -61.5] }),
    ],
    NOW,
  );
  expect(sensor.status().counters).toMatchObject({ unreadableRows: 0, parkedTags: 1 });
  const seen = { firstSeenAt: tag.firstSeenAt, lastSeenAt: tag.firstSeenAt, readCount: 1, antennas: ['1'] };
  expect(sensor.onTick(NOW + HELD_REPORTS_MS).events).toEqual([
    {
      type: 'receipt',
      readPoint: 'dock-1',
      occurredAt: tag.firstSeenAt,
      startedAt: 1_772_431_210_000,
      passId: 'dock-1@1772431210000',
      part: 1,
      parts: 1,
      direction: 'IN',
      directionSource: 'photo-eye',
      tags: [
        { epc: '3061', ...seen, peakRssiDbm: -58 },
        { epc: '3062', ...seen },
      ],
      straysIgnored: 0,
    },
  ]);
});

test('a pass judged by its antennas comes back from its rows, with the evidence of before', () => {
  const at = 1_772_431_212_000;
  const side = (moment: number, early: number, late: number) => ({
    reads: 10,
    energy: 1e-5,
    moment: moment * 1e-5,
    secondMoment: moment * moment * 1e-5,
    early,
    late,
    lateAt: at,
  });
  const evidence = {
    baseAt: 1_772_431_210_000,
    outer: side(1000, 1e-5, 1e-9),
    inner: side(2000, 1e-9, 1e-5),
  };
  const sensor = createPortalSensor(portal(FIRST_SIGHT));
  sensor.restore(
    [
      row('1772431210000/session', { ...session, openedByBeam: false, evidence }),
      row('1772431210000/3061', { ...tag, ...flags }),
    ],
    NOW,
  );
  expect(sensor.onTick(NOW + HELD_REPORTS_MS).events).toMatchObject([
    {
      type: 'receipt',
      passId: 'dock-1@1772431210000',
      directionSource: 'antenna-order',
      tags: [{ epc: '3061' }],
    },
  ]);
});
