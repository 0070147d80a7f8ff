/**
 * Which readings a sensor handles, by type: it names a handler for every kind of reading, and what is not for it is
 * counted. A new kind of reading does not compile until each sensor has answered for it.
 * Health is no read point's: device-health.ts makes the events of it, whatever channel it names.
 */
import type { Reading } from '../../protocol/readings/reading.ts';
import { NO_OUTPUT, type SensingOutput, type Sensor } from './sensor.ts';

type ReadingKind = Reading['kind'];
type ReadingOf<Kind extends ReadingKind> = Extract<Reading, { kind: Kind }>;

type ReadingHandlers = {
  readonly [Kind in Exclude<ReadingKind, 'health'>]: (reading: ReadingOf<Kind>, now: number) => SensingOutput;
};

export function handleReadings(handlers: ReadingHandlers): Sensor['onReading'] {
  return (reading, now) => {
    switch (reading.kind) {
      case 'tag':
        return handlers.tag(reading, now);
      case 'weight':
        return handlers.weight(reading, now);
      case 'condition':
        return handlers.condition(reading, now);
      case 'input':
        return handlers.input(reading, now);
      case 'health':
        return NO_OUTPUT;
      default:
        return reading satisfies never;
    }
  };
}

/** The handler for what is not for this sensor: another kind, or another device's. */
export function countForeign(counters: { foreignReadings: number }): () => SensingOutput {
  return () => {
    counters.foreignReadings++;
    return NO_OUTPUT;
  };
}
