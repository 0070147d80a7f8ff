/** The shape of every list in the API, and how its pages are asked for. */
import * as z from 'zod';

const MAX_PAGE = 1000;
const DEFAULT_PAGE = 100;

/** What a page is to the ledger. */
export interface Page {
  readonly limit: number;
  readonly offset: number;
}

export const limitSchema = z.coerce.number().int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE);

/** `after` is the `next` of the page before, to be passed on as it is. */
export const pageQuery = {
  limit: limitSchema,
  after: z.coerce.number().int().min(0).max(100_000_000).default(0),
};

/** `next` goes into `after` of the following request; null on the last page and on lists that are whole. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

/** A full page may be followed by another, which may be empty. */
export async function paged<T>(
  { limit, after }: { limit: number; after: number },
  read: (page: Page) => Promise<T[]>,
): Promise<{ items: T[]; next: string | null }> {
  const items = await read({ limit, offset: after });
  return { items, next: items.length < limit ? null : String(after + limit) };
}

export function whole<T>(items: T[]): { items: T[]; next: null } {
  return { items, next: null };
}
