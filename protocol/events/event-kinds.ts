/**
 * All kinds of stock events. A kind that stands here is a member of the StockEvent union, and the compiler names every
 * place that must answer for it.
 */
import { clock } from './kinds/clock.ts';
import { contact } from './kinds/contact.ts';
import { device } from './kinds/device.ts';
import { dispatch } from './kinds/dispatch.ts';
import { gap } from './kinds/gap.ts';
import { passage } from './kinds/passage.ts';
import { receipt } from './kinds/receipt.ts';
import { sample } from './kinds/sample.ts';
import { weighing } from './kinds/weighing.ts';
import type { Lane } from './lanes.ts';

export const EVENT_KINDS = {
  receipt,
  dispatch,
  passage,
  weighing,
  sample,
  contact,
  device,
  gap,
  clock,
} as const;

export type StockEventType = keyof typeof EVENT_KINDS;

/** Each stands under its own type. */
EVENT_KINDS satisfies { readonly [Type in StockEventType]: { readonly type: Type } };

export function isStockEventType(type: unknown): type is StockEventType {
  return typeof type === 'string' && Object.hasOwn(EVENT_KINDS, type);
}

export function laneOf(type: StockEventType): Lane {
  return EVENT_KINDS[type].lane;
}
