/** Exceptions: what a person must look at. */
import * as z from 'zod';
import { iso } from './time.ts';

export const exceptionSchema = z.object({
  id: z.string(),
  kind: z.string(),
  severity: z.enum(['info', 'warning', 'critical']),
  title: z.string(),
  /** What to do, in one sentence. */
  advice: z.string(),
  subject: z.string(),
  location: z.string().nullable(),
  readPoint: z.string().nullable(),
  raisedAt: iso,
  clearedAt: iso.nullable(),
  status: z.enum(['raised', 'acknowledged', 'resolved', 'withdrawn']),
  revision: z.int(),
  detail: z.record(z.string(), z.unknown()),
  holds: z.object({ active: z.int(), released: z.int() }),
  decisions: z.array(z.object({ action: z.string(), actor: z.string(), reason: z.string(), decidedAt: iso })),
});

export type Exception = z.infer<typeof exceptionSchema>;

export interface ExceptionFilter {
  readonly id?: string | undefined;
  /** Unless asked for, withdrawn ones are left out. */
  readonly status?: Exception['status'] | undefined;
  readonly kind?: string | undefined;
  readonly location?: string | undefined;
}
