/**
 * The site: which place each read point watches, what the items are, which rules hold where. Data from
 * cloud.yaml; strict, so that a typing error fails at start with its path.
 */
import * as z from 'zod';
import { comparatorSchema } from '../../protocol/events/limits.ts';
import { metricSchema } from '../../protocol/events/metrics.ts';

const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'lower-case letters, digits and dashes');

/** Virtual places outside the walls; every movement has a from and a to. */
export const VIRTUAL_LOCATIONS = ['supplier', 'customer', 'adjustment', 'unknown'] as const;

/** `isCold`: made to be cold, and watched with or without a probe. */
export const LOCATION_KINDS = {
  staging: { isCold: false },
  storage: { isCold: false },
  'cold-room': { isCold: true },
  freezer: { isCold: true },
  yard: { isCold: false },
  picking: { isCold: false },
} as const;

const locationSchema = z.strictObject({
  id,
  name: z.string(),
  kind: z.enum(Object.keys(LOCATION_KINDS) as (keyof typeof LOCATION_KINDS)[]),
});

/**
 * A door between two places. A dock door leads from `inside` to the world: receipts come from `supplier`,
 * dispatches go to `customer`. An inner door has a place on either side; IN means outside → inside.
 */
const doorSchema = z.strictObject({
  readPoint: id,
  name: z.string(),
  inside: id,
  outside: id.optional(),
});

/** A scale under a bin: its net weight is the quantity on hand of one item. */
const binSchema = z.strictObject({
  readPoint: id,
  name: z.string(),
  location: id,
  gtin: z.string(),
  lot: z.string().optional(),
  pieceMilligrams: z.int().positive().optional(),
});

/** A probe or contact and the place it watches. */
const probeSchema = z.strictObject({
  readPoint: id,
  name: z.string(),
  location: id,
  /** Says that it is a door contact, which is never missed for being silent; otherwise what it sends decides. */
  kind: z.enum(['probe', 'contact']).optional(),
});

/**
 * A limit rule: the condition is out of bounds while it is strictly above/below `limitMilli`; it is back
 * when it has returned by `deadBandMilli` for `offDelayMs`; it counts after `onDelayMs` of event time.
 * A stretch without samples longer than `maxGapMs` is unknown.
 */
const limitRuleSchema = z.strictObject({
  id,
  version: z.int().positive(),
  name: z.string(),
  locations: z.array(id).min(1),
  metric: metricSchema,
  comparator: comparatorSchema,
  limitMilli: z.int(),
  deadBandMilli: z.int().nonnegative().default(0),
  onDelayMs: z.int().nonnegative(),
  offDelayMs: z.int().nonnegative().default(0),
  maxGapMs: z.int().positive().default(900_000),
  severity: z.enum(['warning', 'critical']).default('critical'),
  /** Put a hold on what was there. */
  hold: z.boolean().default(true),
});

/** By kind of cold-chain rule; the rest of a kind stands in coldchain/rules/kinds.ts. */
const RULE_SCHEMAS = { limit: limitRuleSchema } as const;
export type RuleKind = keyof typeof RULE_SCHEMAS;
export type RuleOf<Kind extends RuleKind> = z.infer<(typeof RULE_SCHEMAS)[Kind]>;
export type Rule = RuleOf<RuleKind>;

/** The description of the site names no kind: a rule shows it by what it has. */
export function ruleKindOf(rule: Rule): RuleKind {
  if ('limitMilli' in rule) return 'limit';
  return rule satisfies never;
}

export const siteSchema = z.strictObject({
  name: z.string(),
  locations: z.array(locationSchema),
  doors: z.array(doorSchema).default([]),
  bins: z.array(binSchema).default([]),
  probes: z.array(probeSchema).default([]),
  rules: z.array(z.union(Object.values(RULE_SCHEMAS))).default([]),
  items: z
    .array(z.strictObject({ gtin: z.string(), name: z.string(), sku: z.string().optional() }))
    .default([]),
  /** A probe without a sample for this long (wall clock of the cloud) raises SENSOR_SILENT. */
  sensorSilentAfterMs: z.int().positive().default(900_000),
});
export type Site = z.infer<typeof siteSchema>;
