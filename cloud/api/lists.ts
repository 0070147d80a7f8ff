/** The shape of every list in the API, an array, and the limits that are asked with it. */
import * as z from 'zod';

export const MAX_PAGE = 1000;
export const DEFAULT_PAGE = 100;

/** A page shorter than `limit` is the last one. */
export interface Page {
  readonly limit: number;
  readonly offset: number;
}

export const limitSchema = z.coerce.number().int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE);

export const pageQuery = {
  limit: limitSchema,
  offset: z.coerce.number().int().min(0).max(100_000_000).default(0),
};
