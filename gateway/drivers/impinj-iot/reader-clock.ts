/**
 * Puts a reader's times on the gateway's scale. Adjusted: the newest time in one message is the moment the message
 * arrived, every other keeps its distance from it. This is independent of the reader's clock, in the manner of the
 * EdgeX option "adjust last read on by origin". Unadjusted: the reader's times stand, unless they and the gateway's
 * cannot both be true (a gateway that woke without the time): then the message's arrival counts.
 */
import type { ImpinjEvent } from '../../../protocol/wire/impinj-iot/event.ts';

/** Times of one message that lie further apart are not both true: such a tag counts as seen on arrival. */
const MAX_SPAN_MS = 3_600_000;
/** Unadjusted: further ahead of the gateway, or further back than any reader buffers, no time is believed. */
const MAX_AHEAD_MS = 60_000;
const MAX_BACKLOG_MS = 7 * 24 * 3_600_000;

/** A function from times of these events to gateway time; what the reader leaves out counts as `now`. */
export function gatewayTimes(
  events: readonly ImpinjEvent[],
  now: number,
  adjust: boolean,
): (readerTime: number | undefined) => number {
  if (!adjust) {
    return (readerTime) => {
      if (readerTime === undefined) return now;
      return readerTime > now + MAX_AHEAD_MS || readerTime < now - MAX_BACKLOG_MS ? now : readerTime;
    };
  }
  const newest = newestTime(events);
  return (readerTime) => {
    if (readerTime === undefined || newest - readerTime > MAX_SPAN_MS) return now;
    return now - (newest - readerTime);
  };
}

function newestTime(events: readonly ImpinjEvent[]): number {
  let newest = Number.NEGATIVE_INFINITY;
  for (const event of events) {
    newest = Math.max(newest, event.timestampMs ?? newest);
    if (event.type === 'tagInventory') newest = Math.max(newest, event.lastSeenMs ?? newest);
  }
  return newest;
}
