/** Gateways, how far their lanes have come, how their devices are, and what could not be taken. */
import * as z from 'zod';
import { iso } from './time.ts';

export const gatewaySchema = z.object({
  id: z.string(),
  state: z.string(),
  stateAt: iso.nullable(),
  lastBatchAt: iso.nullable(),
  revoked: z.boolean(),
  lanes: z.array(z.object({ epoch: z.string(), lane: z.string(), upTo: z.int(), ahead: z.int() })),
  devices: z.array(
    z.object({
      device: z.string(),
      /** ok, or the conditions that hold. */
      conditions: z.array(z.object({ condition: z.string(), detail: z.string(), since: iso })),
    }),
  ),
});

export type Gateway = z.infer<typeof gatewaySchema>;

export const deadLetterSchema = z.object({
  id: z.int(),
  gateway: z.string().nullable(),
  lane: z.string().nullable(),
  seq: z.int().nullable(),
  code: z.string(),
  detail: z.string(),
  receivedAt: iso,
  times: z.int(),
});

export type DeadLetter = z.infer<typeof deadLetterSchema>;
