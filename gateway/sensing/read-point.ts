/**
 * The configuration of a read point: the place where sensing happens, and which devices it listens to.
 * Strict: a typo, or a direction that the hardware named here cannot tell, fails at boot with its path.
 */
import * as z from 'zod';
import { METRIC_NAMES, perMetric } from '../../protocol/events/metrics.ts';

const readPointId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,47}$/, 'expected lower-case letters, digits and dashes');
const device = z.string().min(1).max(64);
const channel = z.string().min(1).max(128);
const durationMs = z.int().positive().max(86_400_000);

const photoEyeSchema = z.strictObject({ device, input: channel });

export const portalSchema = z
  .strictObject({
    id: readPointId,
    kind: z.literal('portal'),
    /** A dock door makes receipts and dispatches; an internal door makes passages. */
    boundary: z.enum(['dock', 'internal']).default('dock'),
    antennas: z
      .array(z.strictObject({ device, antenna: channel, side: z.enum(['inner', 'outer']).optional() }))
      .min(1)
      .max(64),
    photoEyes: z.strictObject({ inner: photoEyeSchema, outer: photoEyeSchema }).optional(),
    direction: z.discriminatedUnion('mode', [
      z.strictObject({ mode: z.literal('assigned'), as: z.enum(['IN', 'OUT']) }),
      z.strictObject({ mode: z.literal('photo-eye') }),
      z.strictObject({ mode: z.literal('antenna-order') }),
    ]),
    session: z
      .strictObject({
        openBy: z.enum(['photo-eye', 'first-sight']).default('first-sight'),
        /** No accepted tag read and no broken beam for this long ends the pass. */
        quietMs: durationMs.default(4000),
        maxMs: durationMs.default(120_000),
      })
      .refine((session) => session.maxMs >= session.quietMs, {
        path: ['maxMs'],
        message: 'expected at least quietMs',
      })
      .prefault({}),
    stray: z
      .strictObject({
        minReads: z.int().positive().default(3),
        minPeakRssiDbm: z.number().min(-120).max(20).default(-65),
      })
      .prefault({}),
  })
  .superRefine((portal, context) => {
    const complain = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if (portal.photoEyes === undefined) {
      if (portal.direction.mode === 'photo-eye') {
        complain(['photoEyes'], 'expected inner and outer photo-eyes: direction mode is photo-eye');
      }
      if (portal.session.openBy === 'photo-eye') {
        complain(['photoEyes'], 'expected inner and outer photo-eyes: sessions open by photo-eye');
      }
    } else {
      const { inner, outer } = portal.photoEyes;
      if (inner.device === outer.device && inner.input === outer.input) {
        complain(['photoEyes', 'outer', 'input'], 'expected another input than the inner photo-eye');
      }
    }
    if (portal.direction.mode === 'antenna-order') {
      for (const side of ['inner', 'outer'] as const) {
        if (!portal.antennas.some((antenna) => antenna.side === side)) {
          complain(['antennas'], `expected an antenna with side ${side}: direction mode is antenna-order`);
        }
      }
    }
    const seen = new Set<string>();
    for (const [index, antenna] of portal.antennas.entries()) {
      const name = JSON.stringify([antenna.device, antenna.antenna]);
      if (seen.has(name)) complain(['antennas', index], 'expected an antenna that is not listed twice');
      seen.add(name);
    }
  });

export const scaleSchema = z.strictObject({
  id: readPointId,
  kind: z.literal('scale'),
  device,
  channel: channel.default('1'),
  settle: z
    .strictObject({
      /** Consecutive stable indications that agree. */
      samples: z.int().min(1).max(1000).default(3),
      stableMs: z.int().min(0).max(600_000).default(500),
    })
    .prefault({}),
  /** Least difference to the last settled mass that is a new weighing. */
  stepMilligrams: z.int().positive(),
  /** Up to this the bin is empty. */
  zeroWithinMilligrams: z.int().nonnegative(),
});

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

export const contactSchema = z.strictObject({
  id: readPointId,
  kind: z.literal('contact'),
  device,
  channel,
  debounceMs: z.int().min(0).max(600_000).default(500),
});

export const readPointSchema = z.discriminatedUnion('kind', [
  portalSchema,
  scaleSchema,
  conditionSchema,
  contactSchema,
]);

export type ReadPoint = z.infer<typeof readPointSchema>;
export type PortalPoint = z.infer<typeof portalSchema>;
export type ScalePoint = z.infer<typeof scaleSchema>;
export type ConditionPoint = z.infer<typeof conditionSchema>;
export type ContactPoint = z.infer<typeof contactSchema>;
