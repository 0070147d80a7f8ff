/** Stock by item, lot, location and disposition, and what may be asked of it. */
import * as z from 'zod';

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

export type StockRow = z.infer<typeof stockRowSchema>;

export interface StockFilter {
  readonly gtin?: string | undefined;
  readonly lot?: string | undefined;
  readonly location?: string | undefined;
  readonly disposition?: string | undefined;
}
