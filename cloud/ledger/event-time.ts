/** How the times of an event came about, and which times can stand in the ledger at all. */
import type { TimeQuality } from '../store/tables.ts';

export interface EventTime {
  readonly quality: TimeQuality;
  /** To add to the event's times; 0 where they stand as they are. */
  readonly correctionMs: number;
}

export const AS_RECORDED: EventTime = { quality: 'as-recorded', correctionMs: 0 };

/** The years 1 to 9999: what every date notation on the way out can say. */
const EARLIEST_MS = -62_135_596_800_000;
const LATEST_MS = 253_402_300_799_999;

export function isStorableTime(time: number): boolean {
  return time >= EARLIEST_MS && time <= LATEST_MS;
}
