/** Options of a Mettler-Toledo MT-SICS scale in gateway.yaml. */
import * as z from 'zod';
import { STANDARD_FIELD_WIDTH } from '../../../protocol/wire/mt-sics/reply.ts';

export const mtSicsOptions = z.strictObject({
  /** `continuous`: the scale sends on its own after SIR. `poll`: one question per `pollMs`. */
  mode: z.enum(['continuous', 'poll']).default('continuous'),
  /** poll only. `SI` takes whatever the scale shows; `S` waits in the scale for the next stable weight. */
  pollCommand: z.enum(['SI', 'S']).default('SI'),
  pollMs: z.int().min(20).max(3_600_000).default(500),
  /** No valid line for so long: the start command is sent again; as long again: the line is reopened. */
  silentMs: z.int().min(200).max(3_600_000).default(5_000),
  /** Ask for the serial number (I4) before starting; scales that do not know it are fine. */
  identify: z.boolean().default(true),
  /** Characters of the number in a weight line. `any` gives up the check that finds lost characters. */
  weightFieldWidth: z.union([z.int().min(6).max(20), z.literal('any')]).default(STANDARD_FIELD_WIDTH),
});

export type MtSicsOptions = z.infer<typeof mtSicsOptions>;
