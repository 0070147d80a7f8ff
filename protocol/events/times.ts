/** Times of events, all of them, wherever a kind has them: moved to another scale, and held within limits. Pure. */
import { EVENT_KINDS } from './event-kinds.ts';
import type { StockEvent, StockEventType } from './stock-event.ts';
import { mapTree, someTime, type TimeTree } from './time-tree.ts';

/** The years 1 to 9999: what every date notation on the way out can say. */
const EARLIEST_MS = -62_135_596_800_000;
const LATEST_MS = 253_402_300_799_999;

export function isStorableTime(time: number): boolean {
  return time >= EARLIEST_MS && time <= LATEST_MS;
}

interface Timed<Event> {
  readonly times: TimeTree;
  readonly rename?: (before: Event, after: Event) => Event;
}

/** The same event with its times moved, and what is named after them. Readings of clocks stay. */
export function mapTimes<Event extends StockEvent>(event: Event, move: (time: number) => number): Event {
  const { times, rename } = EVENT_KINDS[event.type as StockEventType] as Timed<Event>;
  const moved = mapTree(times, event, move) as Event;
  return rename === undefined ? moved : rename(event, moved);
}

/** The same event on another time scale. */
export function shiftTimes<Event extends StockEvent>(event: Event, byMs: number): Event {
  return byMs === 0 ? event : mapTimes(event, (time) => time + byMs);
}

/** The first of its times, readings of clocks among them, that lies outside of the years 1 to 9999. */
export function findUnstorableTime(event: StockEvent): number | undefined {
  let wrong: number | undefined;
  someTime(EVENT_KINDS[event.type].times, event, (time) => {
    if (!isStorableTime(time)) wrong = time;
    return wrong !== undefined;
  });
  return wrong;
}
