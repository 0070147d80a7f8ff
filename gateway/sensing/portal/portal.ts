/** The portal as a kind of read point. */
import type { SensorKind } from '../sensor-kind.ts';
import { type PortalPoint, portalSchema } from './portal-point.ts';
import { createPortalSensor } from './portal-sensor.ts';

export const portal = {
  schema: portalSchema,
  routesOf({ antennas, photoEyes }) {
    const eyes = photoEyes === undefined ? [] : [photoEyes.outer, photoEyes.inner];
    return [
      ...antennas.map(({ device, antenna }) => ({ device, channel: antenna })),
      ...eyes.map(({ device, input }) => ({ device, channel: input })),
    ];
  },
  create: createPortalSensor,
} as const satisfies SensorKind<PortalPoint>;
