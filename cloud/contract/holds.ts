/** Holds: what keeps an object from moving until a named person releases it. */
import * as z from 'zod';
import { iso } from './time.ts';

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

export type Hold = z.infer<typeof holdSchema>;

export interface HoldFilter {
  readonly exceptionId?: string | undefined;
  readonly epc?: string | undefined;
  /** Unless asked for, withdrawn ones are left out. */
  readonly status?: Hold['status'] | undefined;
  /** Where the object is now. */
  readonly location?: string | undefined;
}
