/** Read points by configuration: makes their sensors and says which devices' channels each one listens to. */
import { createConditionSensor } from './condition/condition-sensor.ts';
import { createContactSensor } from './contact/contact-sensor.ts';
import { createPortalSensor } from './portal/portal-sensor.ts';
import type { ReadPoint } from './read-point.ts';
import { createScaleSensor } from './scale/scale-sensor.ts';
import type { Sensor } from './sensor.ts';

export function createSensor(point: ReadPoint): Sensor {
  switch (point.kind) {
    case 'portal':
      return createPortalSensor(point);
    case 'scale':
      return createScaleSensor(point);
    case 'condition':
      return createConditionSensor(point);
    case 'contact':
      return createContactSensor(point);
  }
}

export interface Route {
  readonly device: string;
  readonly channel: string;
}

/** Where this read point's readings come from; the app brings it those and no others. */
export function routesOf(point: ReadPoint): Route[] {
  if (point.kind !== 'portal') return [{ device: point.device, channel: point.channel }];
  const eyes = point.photoEyes === undefined ? [] : [point.photoEyes.outer, point.photoEyes.inner];
  return [
    ...point.antennas.map(({ device, antenna }) => ({ device, channel: antenna })),
    ...eyes.map(({ device, input }) => ({ device, channel: input })),
  ];
}
