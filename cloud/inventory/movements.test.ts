import { describe, expect, it } from 'vitest';
import type { PassEvent } from '../../protocol/events/stock-event.ts';
import { placesOf } from '../site/places.ts';
import { siteSchema } from '../site/site.ts';
import { movementsOf } from './movements.ts';

const places = placesOf(
  siteSchema.parse({
    name: 'Site',
    locations: [],
    doors: [
      { readPoint: 'dock-1', name: 'Dock', inside: 'staging' },
      { readPoint: 'cold-door', name: 'Cold', inside: 'cold-1', outside: 'staging' },
    ],
  }),
);

type Case = [
  story: string,
  type: PassEvent['type'],
  readPoint: string,
  direction: PassEvent['direction'],
  expected: {
    direction: string;
    from: string | null;
    to: string | null;
    moved: boolean;
    disposition: string;
  },
];

const cases: Case[] = [
  ['goods come in at the dock', 'receipt', 'dock-1', 'IN', course('IN', 'supplier', 'staging', 'available')],
  [
    'goods leave at the dock',
    'dispatch',
    'dock-1',
    'OUT',
    course('OUT', 'staging', 'customer', 'in_transit'),
  ],
  ['goods go into the room', 'passage', 'cold-door', 'IN', course('IN', 'staging', 'cold-1', 'available')],
  [
    'goods go out of the room',
    'passage',
    'cold-door',
    'OUT',
    course('OUT', 'cold-1', 'staging', 'available'),
  ],
  [
    'a passage leads out of the dock',
    'passage',
    'dock-1',
    'OUT',
    course('OUT', 'staging', 'customer', 'in_transit'),
  ],
  [
    'a pallet turns back',
    'passage',
    'dock-1',
    'TURNED_BACK',
    { direction: 'TURNED_BACK', from: null, to: null, moved: false, disposition: 'unknown' },
  ],
  ['a door does not know', 'passage', 'cold-door', 'UNKNOWN', course('UNKNOWN', null, 'unknown', 'unknown')],
  ['the site does not know the door', 'passage', 'nowhere', 'IN', course('IN', null, 'unknown', 'unknown')],
  ['a receipt at a door unknown', 'receipt', 'nowhere', 'IN', course('IN', 'supplier', 'unknown', 'unknown')],
  [
    'a receipt that goes out',
    'receipt',
    'dock-1',
    'OUT',
    course('UNKNOWN', 'supplier', 'unknown', 'unknown'),
  ],
  ['a dispatch that comes in', 'dispatch', 'dock-1', 'IN', course('UNKNOWN', null, 'unknown', 'unknown')],
];

function course(direction: string, from: string | null, to: string, disposition: string) {
  return { direction, from, to, moved: true, disposition };
}

function event(type: PassEvent['type'], readPoint: string, direction: PassEvent['direction']): PassEvent {
  const sighting = { firstSeenAt: 5, lastSeenAt: 9, readCount: 3, antennas: [] };
  return {
    type,
    readPoint,
    direction,
    occurredAt: 10,
    startedAt: 4,
    passId: 'p',
    part: 1,
    parts: 1,
    directionSource: 'none',
    straysIgnored: 0,
    tags: [
      { epc: 'aa', ...sighting, peakRssiDbm: -60 },
      { epc: 'bb', ...sighting },
      { epc: 'aa', firstSeenAt: 2, lastSeenAt: 6, readCount: 4, peakRssiDbm: -50, antennas: [] },
    ],
  };
}

describe('a pass becomes movements', () => {
  it.each(cases)('when %s', (_story, type, readPoint, direction, expected) => {
    const [movement] = movementsOf(event(type, readPoint, direction), 'k', places);
    expect(movement).toMatchObject({
      direction: expected.direction,
      from_location: expected.from,
      to_location: expected.to,
      moved: expected.moved,
      disposition: expected.disposition,
    });
  });

  it('one for each tag, also when the pass lists a tag twice', () => {
    const movements = movementsOf(event('receipt', 'dock-1', 'IN'), 'k', places);
    expect(
      movements.map(({ epc, read_count, peak_rssi_dbm, first_seen_at, last_seen_at }) => {
        return [epc, read_count, peak_rssi_dbm, first_seen_at, last_seen_at];
      }),
    ).toEqual([
      ['aa', 7, -50, 2, 9],
      ['bb', 3, null, 5, 9],
    ]);
  });
});
