/** Passes through doors as the crew sees them. */
import * as z from 'zod';
import { timeQualitySchema } from './events.ts';
import { iso } from './time.ts';

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

export type Pass = z.infer<typeof passSchema>;
