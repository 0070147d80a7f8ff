/** The probe of a condition as a kind of read point. */
import type { SensorKind } from '../sensor-kind.ts';
import { type ConditionPoint, conditionSchema } from './condition-point.ts';
import { createConditionSensor } from './condition-sensor.ts';

export const condition = {
  schema: conditionSchema,
  routesOf: ({ device, channel }) => [{ device, channel }],
  create: createConditionSensor,
} as const satisfies SensorKind<ConditionPoint>;
