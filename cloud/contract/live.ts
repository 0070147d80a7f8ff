/** The live stream: server-sent events whose `data` is this, as JSON. */
import * as z from 'zod';
import { CHANGE_TOPICS, type Change } from '../ledger/change.ts';
import { iso } from './time.ts';

/** A topic that changed; the page fetches what it shows. */
export const liveMessageSchema = z.object({
  topic: z.enum(CHANGE_TOPICS),
  at: iso,
  readPoint: z.string().optional(),
  location: z.string().optional(),
  id: z.string().optional(),
}) satisfies z.ZodType<Change>;

export type LiveMessage = z.infer<typeof liveMessageSchema>;
