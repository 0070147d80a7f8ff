/** Expected shipments and what came or went with them. */
import * as z from 'zod';
import { iso } from './time.ts';

const shipmentLineSchema = z.object({
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

export type Shipment = z.infer<typeof shipmentSchema>;

/** A list of expected shipments as a partner sends it. */
export type ShipmentsInput = { form: 'json'; value: unknown } | { form: 'csv'; text: string };
