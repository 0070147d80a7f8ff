/** The scale as a kind of read point. */
import type { SensorKind } from '../sensor-kind.ts';
import { type ScalePoint, scaleSchema } from './scale-point.ts';
import { createScaleSensor } from './scale-sensor.ts';

export const scale = {
  schema: scaleSchema,
  routesOf: ({ device, channel }) => [{ device, channel }],
  create: createScaleSensor,
} as const satisfies SensorKind<ScalePoint>;
