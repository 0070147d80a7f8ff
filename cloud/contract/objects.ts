/** Tagged objects, where they stand and where they have been. */
import * as z from 'zod';
import type { StockFilter } from './stock.ts';
import { iso } from './time.ts';

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

export type StockObject = z.infer<typeof objectSchema>;

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

export type Movement = z.infer<typeof movementSchema>;

export interface ObjectFilter extends StockFilter {
  readonly onHold?: boolean | undefined;
  /** Part of an EPC, serial or SSCC. */
  readonly search?: string | undefined;
}
