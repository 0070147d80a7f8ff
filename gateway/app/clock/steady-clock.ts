/**
 * The clock that sensing lives by: it says what the wall clock said at the start and from then on runs evenly, so that
 * a wall clock that is set in mid-pass ends no pass, silences no probe and ages no report. Where events enter the
 * journal, their times are put on the scale of the wall clock of that moment: what was seen three seconds ago is three
 * seconds older than the stamp.
 *
 * Checkpoints keep times of this clock, so the next process goes on with the same scale: once the wall clock was set,
 * the row SCALE_KEY says how far the two are apart, written with the first entry after that.
 */
import * as z from 'zod';
import { shiftTimes } from '../../../protocol/events/times.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import { type Reading, shiftReading } from '../../../protocol/readings/reading.ts';
import type { Journal, JournalEntry } from '../../journal/journal.ts';
import { readBody } from '../../sensing/checkpoint-body.ts';
import type { CheckpointRow } from '../../sensing/sensor.ts';

/** No read point has such an id. */
const SCALE_KEY = '@clock/scale';
/** NTP slews less than that away; following every millisecond would tear the parts of a pass apart. */
const FOLLOW_MS = 100;

const scaleSchema = z.object({ wallAheadMs: z.int() });

interface SteadyClock extends Clock {
  /** What to add to a time of this clock to have the wall clock's; changes only when that was set. */
  wallAheadMs(): number;
}

/** `wallAheadMs`: as the process before left it. */
export function createSteadyClock(clock: Clock, wallAheadMs: number): SteadyClock {
  const bornAt = clock.now() - wallAheadMs;
  const bornMonotonicMs = clock.monotonicMs();
  const now = () => Math.round(bornAt + clock.monotonicMs() - bornMonotonicMs);
  let aheadMs = wallAheadMs;
  return {
    now,
    monotonicMs: () => clock.monotonicMs(),
    setTimer: (delayMs, name, task) => clock.setTimer(delayMs, name, task),
    track: (work) => clock.track(work),
    wallAheadMs() {
      const ahead = clock.now() - now();
      if (Math.abs(ahead - aheadMs) >= FOLLOW_MS) aheadMs = ahead;
      return aheadMs;
    },
  };
}

/** The journal as those see it who live by the steady clock. */
export function onWallScale(journal: Journal, clock: SteadyClock): Pick<Journal, 'append'> {
  let known = clock.wallAheadMs();
  return {
    append(entry) {
      const aheadMs = clock.wallAheadMs();
      if (aheadMs === 0 && known === 0) return journal.append(entry);
      const events = entry.events.map((event) => shiftTimes(event, aheadMs));
      if (aheadMs === known) return journal.append({ ...entry, events });
      const scale = { key: SCALE_KEY, body: JSON.stringify({ wallAheadMs: aheadMs }) };
      const put: JournalEntry['put'] = [...entry.put, scale];
      // Said again with the next entry if this one is refused.
      return journal.append({ ...entry, events, put }).then(() => {
        known = aheadMs;
      });
    },
  };
}

/** Takes the scale out of the rows of the process before. */
export function takeScale(rows: readonly CheckpointRow[]): {
  readonly rows: CheckpointRow[];
  readonly wallAheadMs: number;
} {
  const scale = rows.find(({ key }) => key === SCALE_KEY);
  const saved = scale && readBody(scaleSchema, scale.body);
  return { rows: rows.filter((row) => row !== scale), wallAheadMs: saved?.wallAheadMs ?? 0 };
}

/** Readings of a driver that lives by the wall clock, because its devices send absolute times. */
export function fromWallScale(readings: readonly Reading[], clock: SteadyClock): readonly Reading[] {
  const aheadMs = clock.wallAheadMs();
  return aheadMs === 0 ? readings : readings.map((reading) => shiftReading(reading, -aheadMs));
}

interface LastTimes {
  readonly lastInputAt?: number;
  readonly lastReadingAt?: number;
}

/** A status of somebody who lives by the steady clock, for people, who live by the wall clock. */
export function onWallTime<Status extends LastTimes>(status: Status, aheadMs: number): Status {
  const { lastInputAt, lastReadingAt } = status;
  return {
    ...status,
    ...(lastInputAt === undefined ? {} : { lastInputAt: lastInputAt + aheadMs }),
    ...(lastReadingAt === undefined ? {} : { lastReadingAt: lastReadingAt + aheadMs }),
  };
}
