/** Every kind of read point: a new one is a folder and a line here. */
import { condition } from './condition/condition.ts';
import { contact } from './contact/contact.ts';
import { portal } from './portal/portal.ts';
import { scale } from './scale/scale.ts';

export const SENSOR_KINDS = { portal, scale, condition, contact } as const;
