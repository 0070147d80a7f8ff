/** Configuration of a probe of temperature, humidity or both. */
import * as z from 'zod';
import { channel, device, durationMs, readPointId } from '../point-fields.ts';

const metricLimitsSchema = z
  .strictObject({
    deadBandMilli: z.int().nonnegative(),
    lowMilli: z.int().optional(),
    highMilli: z.int().optional(),
  })
  .refine(
    (limits) =>
      limits.lowMilli === undefined || limits.highMilli === undefined || limits.lowMilli < limits.highMilli,
    { path: ['highMilli'], message: 'expected more than lowMilli' },
  );

export const conditionSchema = z.strictObject({
  id: readPointId,
  kind: z.literal('condition'),
  device,
  channel,
  metrics: z
    .strictObject({
      temperature: metricLimitsSchema.optional(),
      relativeHumidity: metricLimitsSchema.optional(),
    })
    .refine((metrics) => metrics.temperature !== undefined || metrics.relativeHumidity !== undefined, {
      message: 'expected temperature, relativeHumidity or both',
    }),
  /** A sample at least this often, changed or not. */
  heartbeatMs: durationMs.default(300_000),
  silentAfterMs: durationMs.optional(),
});

export type ConditionPoint = z.infer<typeof conditionSchema>;
