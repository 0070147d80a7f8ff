/**
 * When the events of a message happened, on the gateway's time scale; undefined when nobody can say.
 *
 * Adjusted: the newest time in a live message is the moment it arrived, every other keeps its distance from it. This
 * is independent of the reader's clock, in the manner of the EdgeX option "adjust last read on by origin". What was not
 * live is placed by the live message before it. Unadjusted: the reader's times stand, unless they and the gateway's
 * cannot both be true (a gateway that woke without the time).
 * Without a time that counts, a live event happened on arrival, and any other is of unknown age.
 */
import type { ImpinjEvent } from '../../../protocol/wire/impinj-iot/event.ts';
import { believedTime, DeviceClock } from '../shared/device-clock.ts';

/** Times of one live message that lie further apart are not both true: such a tag counts as seen on arrival. */
const MAX_SPAN_MS = 3_600_000;
/** Unadjusted: further ahead of the gateway, or further back than any reader buffers, no time is believed. */
const MAX_AHEAD_MS = 60_000;
const MAX_BACKLOG_MS = 7 * 24 * 3_600_000;

/** Gateway time of an event's time. */
export type Timing = (readerMs: number | undefined) => number | undefined;

export class ReadTimes {
  readonly #adjust: boolean;
  readonly #clock = new DeviceClock();

  constructor(adjust: boolean) {
    this.#adjust = adjust;
  }

  ofMessage(events: readonly ImpinjEvent[], isLive: boolean, now: number): Timing {
    const arrival = isLive ? now : undefined;
    const believed = { from: now - MAX_BACKLOG_MS, to: now + MAX_AHEAD_MS };
    if (!this.#adjust) return (readerMs) => believedTime(readerMs, believed) ?? arrival;
    if (!isLive) {
      return (readerMs) =>
        readerMs === undefined || !this.#clock.isSet
          ? undefined
          : believedTime(this.#clock.toGateway(readerMs, now), believed);
    }
    const newest = newestTime(events);
    if (newest === undefined) return () => now;
    this.#clock.anchor(newest, now);
    return (readerMs) =>
      readerMs === undefined || newest - readerMs > MAX_SPAN_MS ? now : this.#clock.toGateway(readerMs, now);
  }
}

function newestTime(events: readonly ImpinjEvent[]): number | undefined {
  const times = events.flatMap((event) => [
    ...(event.timestampMs === undefined ? [] : [event.timestampMs]),
    ...(event.type === 'tagInventory' && event.lastSeenMs !== undefined ? [event.lastSeenMs] : []),
  ]);
  return times.length === 0 ? undefined : times.reduce((newest, time) => Math.max(newest, time));
}
