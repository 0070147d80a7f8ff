/** Clocks: what they said is kept with the events; the ingest puts times right by it (ingest/clocks). */
import type { ClockEvent } from '../../../protocol/events/stock-event.ts';
import type { Projection } from '../projection.ts';

export const CLOCK: Projection<ClockEvent> = {
  tables: [],
  begin: () => ({ add: () => {}, write: () => Promise.resolve(), changes: () => [] }),
};
