/**
 * Fields that kinds of events are built from. What a number means is registered with it, so that what goes for all
 * numbers of that meaning (a time is corrected, and bounded) follows from the schema and no kind can forget it. A
 * number in an event that is none of these is refused when its kind is defined.
 */
import * as z from 'zod';

/**
 * `time`: epoch ms on the gateway's scale, moved when that is corrected. `clock-reading`: epoch ms as a clock showed
 * it, which stays. The others are no points of time.
 */
export type NumberMeaning =
  | 'time'
  | 'clock-reading'
  | 'monotonic-ms'
  | 'milligrams'
  | 'milli'
  | 'dBm'
  | 'count';

export const NUMBER_MEANINGS = z.registry<{ readonly number: NumberMeaning }>();

function numberThat<Schema extends z.ZodNumber>(schema: Schema, number: NumberMeaning): Schema {
  NUMBER_MEANINGS.add(schema, { number });
  return schema;
}

export const time = numberThat(z.int(), 'time');
export const clockReading = numberThat(z.int(), 'clock-reading');
export const monotonicMs = numberThat(z.number(), 'monotonic-ms');
export const milligrams = numberThat(z.int(), 'milligrams');
/** Thousandths of the metric's unit (metrics.ts). */
export const milli = numberThat(z.int(), 'milli');
export const dBm = numberThat(z.number(), 'dBm');
export const count = numberThat(z.int().nonnegative(), 'count');
/** Counted from one. */
export const ordinal = numberThat(z.int().positive(), 'count');

export const readPoint = z.string().min(1).max(64).describe('The place where it was sensed.');
export const device = z.string().describe('The configured device, or `<device>/<channel>` for a part of it.');
