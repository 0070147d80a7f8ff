/** How the times of an event came about. */
import type { TimeQuality } from '../store/tables/ingest.ts';

export interface EventTime {
  readonly quality: TimeQuality;
  /** To add to the event's times; 0 where they stand as they are. */
  readonly correctionMs: number;
}

export const AS_RECORDED: EventTime = { quality: 'as-recorded', correctionMs: 0 };
