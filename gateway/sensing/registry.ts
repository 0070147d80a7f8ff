/** Read points by configuration: makes their sensors and says which devices' channels each one listens to. */
import type { ReadPoints } from './read-point.ts';
import type { Sensor } from './sensor.ts';
import type { Route, SensorKind } from './sensor-kind.ts';
import { SENSOR_KINDS } from './sensor-kinds.ts';

const KINDS: { readonly [Kind in keyof ReadPoints]: SensorKind<ReadPoints[Kind]> } = SENSOR_KINDS;

type PointOf<Kind extends keyof ReadPoints> = ReadPoints[Kind] & { readonly kind: Kind };

export function createSensor<Kind extends keyof ReadPoints>(point: PointOf<Kind>): Sensor {
  return KINDS[point.kind].create(point);
}

/** Where this read point's readings come from; the app brings it those and no others. */
export function routesOf<Kind extends keyof ReadPoints>(point: PointOf<Kind>): Route[] {
  return KINDS[point.kind].routesOf(point);
}
