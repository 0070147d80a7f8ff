/**
 * What the API answers: one zod schema per resource, used for the OpenAPI document, the route types and the page.
 * Times are ISO 8601 in UTC; masses grams as decimal numbers for display, milligrams as integers for sums.
 */
import * as z from 'zod';

const iso = z.iso.datetime();

export const stockRowSchema = z.object({
  gtin: z.string().nullable(),
  itemName: z.string().nullable(),
  lot: z.string().nullable(),
  expiry: z.iso.date().nullable(),
  location: z.string(),
  /** CBV disposition; `unavailable` while a hold stands. */
  disposition: z.string(),
  /** Tagged objects. */
  objects: z.int().nonnegative(),
  /** Loose goods on scales. */
  netMilligrams: z.int().nullable(),
  /** From the piece mass of the bin, when known. */
  pieces: z.int().nullable(),
});

export const objectSchema = z.object({
  epc: z.string(),
  scheme: z.string(),
  uri: z.string().nullable(),
  gtin: z.string().nullable(),
  itemName: z.string().nullable(),
  serial: z.string().nullable(),
  sscc: z.string().nullable(),
  lot: z.string().nullable(),
  expiry: z.string().nullable(),
  location: z.string().nullable(),
  disposition: z.string(),
  onHold: z.boolean(),
  movedAt: iso.nullable(),
  firstSeenAt: iso,
  lastSeenAt: iso,
});

export const movementSchema = z.object({
  occurredAt: iso,
  eventType: z.string(),
  readPoint: z.string(),
  passId: z.string(),
  direction: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  moved: z.boolean(),
  readCount: z.int(),
  peakRssiDbm: z.number().nullable(),
});

export const timeQualitySchema = z.enum(['as-recorded', 'corrected', 'estimated', 'waiting']);

/** A pass through a door as the crew sees it. */
export const passSchema = z.object({
  passId: z.string(),
  readPoint: z.string(),
  doorName: z.string(),
  type: z.string(),
  direction: z.string(),
  directionSource: z.string(),
  startedAt: iso,
  occurredAt: iso,
  /** How the times came about: of an event whose gateway did not know the time they were put right or estimated. */
  timeQuality: timeQualitySchema,
  /** What the gateway's clock said instead of occurredAt; null where the times stand as recorded. */
  rawOccurredAt: iso.nullable(),
  tags: z.int(),
  straysIgnored: z.int(),
  items: z.array(z.object({ gtin: z.string().nullable(), itemName: z.string().nullable(), count: z.int() })),
  shipment: z.string().nullable(),
});

export const shipmentLineSchema = z.object({
  line: z.int(),
  gtin: z.string().nullable(),
  itemName: z.string().nullable(),
  sscc: z.string().nullable(),
  lot: z.string().nullable(),
  expected: z.int(),
  actual: z.int(),
  /** actual − expected: short below zero, over above. */
  difference: z.int(),
});

export const shipmentSchema = z.object({
  id: z.string(),
  kind: z.enum(['inbound', 'outbound']),
  reference: z.string(),
  partner: z.string(),
  readPoint: z.string(),
  expectedFrom: iso,
  expectedTo: iso,
  status: z.enum(['expected', 'in_progress', 'complete', 'discrepant']),
  closed: z.boolean(),
  expected: z.int(),
  actual: z.int(),
  lines: z.array(shipmentLineSchema),
  /** Objects that came or went with it without being on any line. */
  unexpected: z.array(
    z.object({ epc: z.string(), gtin: z.string().nullable(), itemName: z.string().nullable() }),
  ),
});

export const roomSchema = z.object({
  location: z.string(),
  name: z.string(),
  kind: z.string(),
  probes: z.array(
    z.object({
      readPoint: z.string(),
      name: z.string(),
      metric: z.string(),
      valueMilli: z.int().nullable(),
      sampledAt: iso.nullable(),
      /** fresh | silent | none */
      freshness: z.enum(['fresh', 'silent', 'none']),
      lowMilli: z.int().nullable(),
      highMilli: z.int().nullable(),
    }),
  ),
  contacts: z.array(z.object({ readPoint: z.string(), name: z.string(), state: z.string(), changedAt: iso })),
  /** ok | excursion | unknown */
  state: z.enum(['ok', 'excursion', 'unknown']),
  objects: z.int(),
  onHold: z.int(),
});

export const samplesSchema = z.object({
  readPoint: z.string(),
  metric: z.string(),
  /** [epoch ms, milli-units], oldest first. */
  points: z.array(z.tuple([z.int(), z.int()])),
});

export const exceptionSchema = z.object({
  id: z.string(),
  kind: z.string(),
  severity: z.enum(['info', 'warning', 'critical']),
  title: z.string(),
  /** What to do, in one sentence. */
  advice: z.string(),
  subject: z.string(),
  location: z.string().nullable(),
  readPoint: z.string().nullable(),
  raisedAt: iso,
  clearedAt: iso.nullable(),
  status: z.enum(['raised', 'acknowledged', 'resolved', 'withdrawn']),
  revision: z.int(),
  detail: z.record(z.string(), z.unknown()),
  holds: z.object({ active: z.int(), released: z.int() }),
  decisions: z.array(z.object({ action: z.string(), actor: z.string(), reason: z.string(), decidedAt: iso })),
});

export const holdSchema = z.object({
  exceptionId: z.string(),
  epc: z.string(),
  gtin: z.string().nullable(),
  itemName: z.string().nullable(),
  lot: z.string().nullable(),
  location: z.string().nullable(),
  exposedFrom: iso,
  exposedTo: iso.nullable(),
  status: z.enum(['active', 'released', 'withdrawn']),
});

export const gatewaySchema = z.object({
  id: z.string(),
  state: z.string(),
  stateAt: iso.nullable(),
  lastBatchAt: iso.nullable(),
  revoked: z.boolean(),
  lanes: z.array(z.object({ epoch: z.string(), lane: z.string(), upTo: z.int(), ahead: z.int() })),
  devices: z.array(
    z.object({
      device: z.string(),
      /** ok, or the conditions that hold. */
      conditions: z.array(z.object({ condition: z.string(), detail: z.string(), since: iso })),
    }),
  ),
});

export const deadLetterSchema = z.object({
  id: z.int(),
  gateway: z.string().nullable(),
  lane: z.string().nullable(),
  seq: z.int().nullable(),
  code: z.string(),
  detail: z.string(),
  receivedAt: iso,
  times: z.int(),
});

export const statusSchema = z.object({
  site: z.string(),
  version: z.string(),
  now: iso,
  database: z.enum(['pglite', 'postgres']),
  intake: z.string(),
  counters: z.record(z.string(), z.number()),
  /** What the site calls its doors and places; the page shows doors before anything has passed them. */
  places: z
    .object({
      doors: z.array(z.object({ readPoint: z.string(), name: z.string() })),
      locations: z.array(z.object({ id: z.string(), name: z.string() })),
    })
    .optional(),
});

/** An event as it was taken, with its body as the gateway wrote it. */
export const storedEventSchema = z.object({
  gateway: z.string(),
  epoch: z.string(),
  lane: z.string(),
  seq: z.int(),
  type: z.string(),
  readPoint: z.string().nullable(),
  /** The time that counts; while the event waits for a good clock, what the gateway said. */
  occurredAt: iso,
  /** What the gateway's clock said, where that is another time. */
  rawOccurredAt: iso.nullable(),
  timeQuality: timeQualitySchema,
  receivedAt: iso,
  /** How far the gateway trusted its clock. */
  clock: z.string(),
  body: z.record(z.string(), z.unknown()),
});
export type StoredEvent = z.infer<typeof storedEventSchema>;

/** Server-sent events: a topic that changed; the page fetches what it shows. `data` is this, as JSON. */
export const liveMessageSchema = z.object({
  topic: z.enum(['pass', 'stock', 'shipment', 'sample', 'contact', 'exception', 'hold', 'gateway', 'device']),
  at: iso,
  readPoint: z.string().optional(),
  location: z.string().optional(),
  id: z.string().optional(),
});

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  /** What to do. */
  advice: z.string(),
});
export type Problem = z.infer<typeof problemSchema>;

export type StockRow = z.infer<typeof stockRowSchema>;
export type StockObject = z.infer<typeof objectSchema>;
export type Movement = z.infer<typeof movementSchema>;
export type Pass = z.infer<typeof passSchema>;
export type Shipment = z.infer<typeof shipmentSchema>;
export type Room = z.infer<typeof roomSchema>;
export type Samples = z.infer<typeof samplesSchema>;
export type Exception = z.infer<typeof exceptionSchema>;
export type Hold = z.infer<typeof holdSchema>;
export type Gateway = z.infer<typeof gatewaySchema>;
export type DeadLetter = z.infer<typeof deadLetterSchema>;
export type Status = z.infer<typeof statusSchema>;
export type LiveMessage = z.infer<typeof liveMessageSchema>;
