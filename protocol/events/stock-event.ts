/**
 * Stock events: what happened, normalized. Made by sensing at the gateway, durable in the journal, folded by the
 * cloud. Field names are the contract; unknown fields are kept on the way (tolerant reader). What each kind and field
 * means stands in its record (`kinds/`).
 * Times are epoch milliseconds; masses milligrams; conditions thousandths of their metric's unit.
 */
import * as z from 'zod';
import { EVENT_KINDS, type StockEventType } from './event-kinds.ts';

type SchemaOf<Type extends StockEventType> = (typeof EVENT_KINDS)[Type]['schema'];
export type EventOf<Type extends StockEventType> = { [T in Type]: z.output<SchemaOf<T>> }[Type];

const schemas = Object.values(EVENT_KINDS).map(({ schema }) => schema) as SchemaOf<StockEventType>[];
export const stockEventSchema = z.discriminatedUnion(
  'type',
  schemas as [SchemaOf<StockEventType>, ...SchemaOf<StockEventType>[]],
);

export type StockEvent = EventOf<StockEventType>;
export type PassEvent = EventOf<'receipt' | 'dispatch' | 'passage'>;
export type WeighingEvent = EventOf<'weighing'>;
export type SampleEvent = EventOf<'sample'>;
export type ContactEvent = EventOf<'contact'>;
export type DeviceEvent = EventOf<'device'>;
export type GapEvent = EventOf<'gap'>;
export type ClockEvent = EventOf<'clock'>;
interface MaybeUrgent<Event> {
  readonly isUrgent?: (event: Event) => boolean;
}

/** It must not linger for company although its lane may. */
export function isUrgent(event: StockEvent): boolean {
  const { isUrgent: judge }: MaybeUrgent<never> = EVENT_KINDS[event.type];
  return judge?.(event as never) ?? false;
}

export { type Direction, MAX_TAGS_PER_EVENT, type TagSighting } from './kinds/pass.ts';
export type { StockEventType };
