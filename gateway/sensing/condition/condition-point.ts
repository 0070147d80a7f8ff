/** Configuration of a probe of one metric or several. */
import * as z from 'zod';
import { METRIC_NAMES, perMetric } from '../../../protocol/events/metrics.ts';
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
    .strictObject(perMetric(() => metricLimitsSchema.optional()))
    .refine((metrics) => METRIC_NAMES.some((metric) => metrics[metric] !== undefined), {
      message: `expected at least one of ${METRIC_NAMES.join(', ')}`,
    }),
  /** A sample at least this often, changed or not. */
  heartbeatMs: durationMs.default(300_000),
  silentAfterMs: durationMs.optional(),
});

export type ConditionPoint = z.infer<typeof conditionSchema>;
