/** Configuration of a door or lid contact. */
import * as z from 'zod';
import { channel, device, readPointId } from '../point-fields.ts';

export const contactSchema = z.strictObject({
  id: readPointId,
  kind: z.literal('contact'),
  device,
  channel,
  debounceMs: z.int().min(0).max(600_000).default(500),
});

export type ContactPoint = z.infer<typeof contactSchema>;
