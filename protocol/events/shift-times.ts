/**
 * The same event on another time scale: all its times moved by so many milliseconds. Pure. A pass is named after its
 * start, so its name moves along: two passes of a clock that woke twice at the same hour are two. What a clock event
 * tells are readings of clocks, which stay.
 */
import type { StockEvent } from './stock-event.ts';

export function shiftTimes(event: StockEvent, byMs: number): StockEvent {
  if (byMs === 0) return event;
  const occurredAt = event.occurredAt + byMs;
  switch (event.type) {
    case 'clock':
      return event;
    case 'gap':
      return { ...event, occurredAt, from: event.from + byMs, to: event.to + byMs };
    case 'receipt':
    case 'dispatch':
    case 'passage': {
      const startedAt = event.startedAt + byMs;
      const named = event.passId === passName(event.readPoint, event.startedAt);
      return {
        ...event,
        occurredAt,
        startedAt,
        passId: named ? passName(event.readPoint, startedAt) : event.passId,
        tags: event.tags.map((tag) => ({
          ...tag,
          firstSeenAt: tag.firstSeenAt + byMs,
          lastSeenAt: tag.lastSeenAt + byMs,
        })),
      };
    }
    default:
      return { ...event, occurredAt };
  }
}

function passName(readPoint: string, startedAt: number): string {
  return `${readPoint}@${startedAt}`;
}
