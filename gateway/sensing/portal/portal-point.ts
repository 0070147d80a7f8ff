/** Configuration of a portal. A direction that the hardware named here cannot show fails at boot with its path. */
import * as z from 'zod';
import { channel, device, durationMs, readPointId } from '../point-fields.ts';

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

export type PortalPoint = z.infer<typeof portalSchema>;
