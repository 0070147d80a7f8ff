/** Events of all kinds, for properties. */
import * as fc from 'fast-check';
import { EVENT_KINDS } from './event-kinds.ts';
import type { PassEvent, StockEvent } from './stock-event.ts';

/** The year 1000 to 3000: further than any shift of a test moves out of the limits. */
const times = fc.integer({ min: -30_000_000_000_000, max: 32_000_000_000_000 });

const tags = fc.array(
  fc.record(
    {
      epc: fc.stringMatching(/^([0-9a-f]{2}){1,12}$/),
      firstSeenAt: times,
      lastSeenAt: times,
      readCount: fc.integer({ min: 1, max: 1000 }),
      peakRssiDbm: fc.integer({ min: -90, max: -10 }),
      antennas: fc.array(fc.constantFrom('1', '2')),
    },
    { requiredKeys: ['epc', 'firstSeenAt', 'lastSeenAt', 'readCount', 'antennas'] },
  ),
  { maxLength: 4 },
);

const passes = fc
  .record({
    example: fc.constantFrom<PassEvent>(
      EVENT_KINDS.receipt.example,
      EVENT_KINDS.dispatch.example,
      EVENT_KINDS.passage.example,
    ),
    occurredAt: times,
    startedAt: times,
    tags,
    isNamed: fc.boolean(),
  })
  .map(({ example, startedAt, isNamed, ...fields }): PassEvent => {
    const passId = isNamed ? `${example.readPoint}@${startedAt}` : 'other';
    return { ...example, ...fields, startedAt, passId };
  });

const others = fc
  .record({
    example: fc.constantFrom<StockEvent>(
      ...Object.values(EVENT_KINDS).flatMap(({ example }) => ('passId' in example ? [] : [example])),
    ),
    occurredAt: times,
    from: times,
    to: times,
  })
  .map(
    ({ example, occurredAt, from, to }): StockEvent =>
      example.type === 'gap' ? { ...example, occurredAt, from, to } : { ...example, occurredAt },
  );

export const stockEvents: fc.Arbitrary<StockEvent> = fc.oneof(passes, others);
