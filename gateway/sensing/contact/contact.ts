/** The contact as a kind of read point. */
import type { SensorKind } from '../sensor-kind.ts';
import { type ContactPoint, contactSchema } from './contact-point.ts';
import { createContactSensor } from './contact-sensor.ts';

export const contact = {
  schema: contactSchema,
  routesOf: ({ device, channel }) => [{ device, channel }],
  create: createContactSensor,
} as const satisfies SensorKind<ContactPoint>;
