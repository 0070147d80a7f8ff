/** What is answered when not what was asked (RFC 9457). */
import * as z from 'zod';

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  /** What to do. */
  advice: z.string(),
});

export type Problem = z.infer<typeof problemSchema>;
