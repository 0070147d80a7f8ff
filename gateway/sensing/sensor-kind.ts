/** What makes one kind of read point different from another, in one record. */
import type * as z from 'zod';
import type { Sensor } from './sensor.ts';

export interface SensorKind<Point> {
  /** The configuration, with its own `kind` as a literal. Strict: a typo fails at boot with its path. */
  readonly schema: z.ZodType<Point>;
  /** Where its readings come from; the app brings it those and no others. */
  routesOf(point: Point): Route[];
  create(point: Point): Sensor;
}

export interface Route {
  readonly device: string;
  readonly channel: string;
}
