/**
 * The configuration of a read point: the place where sensing happens, and which devices it listens to. Each kind's
 * own part stands in its folder.
 */
import * as z from 'zod';
import { SENSOR_KINDS } from './sensor-kinds.ts';

/** By the name of the kind. */
export type ReadPoints = {
  [Kind in keyof typeof SENSOR_KINDS]: z.infer<(typeof SENSOR_KINDS)[Kind]['schema']>;
};
export type ReadPoint = ReadPoints[keyof ReadPoints];

type Schema = (typeof SENSOR_KINDS)[keyof typeof SENSOR_KINDS]['schema'];
const schemas = Object.values(SENSOR_KINDS).map(({ schema }) => schema) as [Schema, ...Schema[]];

export const readPointSchema = z.discriminatedUnion('kind', schemas);
