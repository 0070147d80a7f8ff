/**
 * Stock events: what happened, normalized. Made by sensing at the gateway, durable in the journal, folded by the
 * cloud. Field names are the contract; unknown fields are kept on the way (tolerant reader).
 * Times are epoch milliseconds; masses milligrams; conditions milli-degrees Celsius / milli-percent RH.
 */
import * as z from 'zod';

const timestamp = z.int();
const readPoint = z.string().min(1).max(64);

/** Most tags that one pass event carries; a larger pass is sent in parts with the same `passId`. */
export const MAX_TAGS_PER_EVENT = 400;

export const tagSightingSchema = z.looseObject({
  /** EPC bank content, lower-case hex; decoded only in the cloud, never dropped for being unknown. */
  epc: z.string().regex(/^([0-9a-f]{2}){1,62}$/),
  firstSeenAt: timestamp,
  lastSeenAt: timestamp,
  readCount: z.int().positive(),
  peakRssiDbm: z.number().optional(),
  antennas: z.array(z.string()).max(64),
});
export type TagSighting = z.infer<typeof tagSightingSchema>;

export const directionSchema = z.enum(['IN', 'OUT', 'TURNED_BACK', 'UNKNOWN']);
export type Direction = z.infer<typeof directionSchema>;

/** How the direction was found; `none` goes with UNKNOWN. */
export const directionSourceSchema = z.enum(['assigned', 'photo-eye', 'antenna-order', 'none']);

const passFields = {
  readPoint,
  /** When the pass ended at the door: the last accepted sight of a tag. */
  occurredAt: timestamp,
  startedAt: timestamp,
  /** Same for all parts of one pass: `<readPoint>@<startedAt>`. */
  passId: z.string().min(1).max(96),
  part: z.int().positive(),
  parts: z.int().positive(),
  direction: directionSchema,
  directionSource: directionSourceSchema,
  tags: z.array(tagSightingSchema).max(MAX_TAGS_PER_EVENT),
  /** Tags seen but judged not to have passed (too few reads, too weak). */
  straysIgnored: z.int().nonnegative(),
};

/** Goods came in through a dock door: direction IN. */
export const receiptSchema = z.looseObject({ type: z.literal('receipt'), ...passFields });
/** Goods left through a dock door: direction OUT. */
export const dispatchSchema = z.looseObject({ type: z.literal('dispatch'), ...passFields });
/** A pass through an inner door (any direction), or at a dock door that turned back or whose direction is unknown. */
export const passageSchema = z.looseObject({ type: z.literal('passage'), ...passFields });

/** A scale came to rest on a new load. */
export const weighingSchema = z.looseObject({
  type: z.literal('weighing'),
  readPoint,
  device: z.string(),
  occurredAt: timestamp,
  netMilligrams: z.int(),
  /** What the scale had settled on before, if anything. */
  previousNetMilligrams: z.int().optional(),
  stability: z.enum(['device', 'derived']),
  unit: z.string(),
  raw: z.string().max(256),
});

export const metricSchema = z.enum(['temperature', 'relativeHumidity']);

/** A condition worth keeping: changed by the dead band, crossed a limit, or a heartbeat. */
export const sampleSchema = z.looseObject({
  type: z.literal('sample'),
  readPoint,
  device: z.string(),
  occurredAt: timestamp,
  metric: metricSchema,
  valueMilli: z.int(),
  reason: z.enum(['first', 'change', 'heartbeat', 'crossing']),
});

/** A door or lid opened or closed. */
export const contactSchema = z.looseObject({
  type: z.literal('contact'),
  readPoint,
  device: z.string(),
  occurredAt: timestamp,
  state: z.enum(['open', 'closed']),
});

/** A device changed its own condition: connected, silent, overloaded, probe open, battery low … */
export const deviceEventSchema = z.looseObject({
  type: z.literal('device'),
  device: z.string(),
  readPoint: readPoint.optional(),
  occurredAt: timestamp,
  condition: z.string().min(1).max(64),
  active: z.boolean(),
  detail: z.string().max(500),
});

/** Something was lost and we know it: thinned lane rows, a reader's buffer overflow. Never silent. */
export const gapSchema = z.looseObject({
  type: z.literal('gap'),
  occurredAt: timestamp,
  /** What was lost: rows of a lane, or readings of a device. */
  scope: z.enum(['lane', 'device']),
  lane: z.string().optional(),
  device: z.string().optional(),
  from: timestamp,
  to: timestamp,
  /** How many, when known. */
  lost: z.int().nonnegative().optional(),
  reason: z.string().max(200),
});

/**
 * The gateway's wall clock stepped, or became trusted. With a source other than `step`, `wallAfter` is the true time
 * at `monotonicMs` of this boot, and `wallBefore` what the gateway's own clock said then.
 */
export const clockEventSchema = z.looseObject({
  type: z.literal('clock'),
  occurredAt: timestamp,
  bootId: z.string(),
  monotonicMs: z.number(),
  wallBefore: timestamp,
  wallAfter: timestamp,
  /** `step`: it jumped, nobody says which side is right. `system`: the system's clock is synchronised. `cloud`: an ack told. */
  source: z.enum(['step', 'system', 'cloud']).optional(),
});

export const stockEventSchema = z.discriminatedUnion('type', [
  receiptSchema,
  dispatchSchema,
  passageSchema,
  weighingSchema,
  sampleSchema,
  contactSchema,
  deviceEventSchema,
  gapSchema,
  clockEventSchema,
]);

export type StockEvent = z.infer<typeof stockEventSchema>;
export type StockEventType = StockEvent['type'];
export type PassEvent =
  | z.infer<typeof receiptSchema>
  | z.infer<typeof dispatchSchema>
  | z.infer<typeof passageSchema>;
export type WeighingEvent = z.infer<typeof weighingSchema>;
export type SampleEvent = z.infer<typeof sampleSchema>;
export type ContactEvent = z.infer<typeof contactSchema>;
export type DeviceEvent = z.infer<typeof deviceEventSchema>;
export type GapEvent = z.infer<typeof gapSchema>;
export type ClockEvent = z.infer<typeof clockEventSchema>;
