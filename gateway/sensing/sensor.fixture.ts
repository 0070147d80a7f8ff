/**
 * Drives a sensor in virtual time for tests: readings in order, ticks when asked for, and crashes on demand, after
 * which a new sensor starts from the checkpoint rows that the journal would hold.
 */
import { type StockEvent, stockEventSchema } from '../../protocol/events/stock-event.ts';
import type { Reading } from '../../protocol/readings/reading.ts';
import type { SensingOutput, Sensor } from './sensor.ts';

export interface TimedReading {
  readonly now: number;
  readonly reading: Reading;
}

export interface Run {
  readonly events: StockEvent[];
  /** What the journal's checkpoint table holds at the end. */
  readonly rows: Map<string, string>;
  readonly rowsWritten: number;
  readonly sensor: Sensor;
}

/** A reader that held a reading back while nobody listened hands it over a little after the gateway is back. */
const HANDED_OVER_AFTER_MS = 700;

/**
 * `crashBefore`: indexes of readings before which the process dies and comes back after `downMs`. What is read
 * meanwhile is gone, or with `held` delivered later, in order, in its own time.
 */
export function drive(
  create: () => Sensor,
  story: readonly TimedReading[],
  options: {
    until: number;
    crashBefore?: readonly number[];
    downMs?: number;
    held?: boolean;
    startAt?: number;
  },
): Run {
  const rows = new Map<string, string>();
  const events: StockEvent[] = [];
  let rowsWritten = 0;
  let sensor = create();
  const take = (output: SensingOutput) => {
    for (const event of output.events) events.push(stockEventSchema.parse(event));
    for (const key of output.drop) {
      if (!key.endsWith('/')) rows.delete(key);
      else for (const held of rows.keys()) if (held.startsWith(key)) rows.delete(held);
    }
    for (const { key, body } of output.put) {
      rowsWritten++;
      rows.set(key, body);
    }
  };
  const tickUntil = (until: number) => {
    for (let due = sensor.nextTickAt(); due !== undefined && due <= until; due = sensor.nextTickAt()) {
      take(sensor.onTick(due));
      const next = sensor.nextTickAt();
      if (next !== undefined && next <= due) throw new Error(`asked for a tick at ${due} again`);
    }
  };
  const start = (now: number) => {
    sensor = create();
    take(
      sensor.restore(
        [...rows].map(([key, body]) => ({ key, body })),
        now,
      ),
    );
  };
  start(options.startAt ?? story[0]?.now ?? 0);
  let downUntil = Number.NEGATIVE_INFINITY;
  for (const [index, { now, reading }] of story.entries()) {
    if (options.crashBefore?.includes(index)) {
      downUntil = now + (options.downMs ?? 0);
      start(downUntil);
    }
    const handedOverAt = downUntil + HANDED_OVER_AFTER_MS;
    if (options.held === true && now < handedOverAt) {
      tickUntil(handedOverAt);
      take(sensor.onReading(heldBack(reading, now, handedOverAt), handedOverAt));
      continue;
    }
    // Nobody listens while the process is down.
    if (now < downUntil) continue;
    tickUntil(now);
    take(sensor.onReading(reading, now));
  }
  tickUntil(options.until);
  return { events, rows, rowsWritten, sensor };
}

function heldBack(reading: Reading, sensedAt: number, now: number): Reading {
  return reading.kind === 'input' ? { ...reading, sensedAt, at: now } : { ...reading, at: now };
}
