/**
 * JSON from a gateway → an event: of a kind this version knows, of one that it does not know but keeps (a newer
 * gateway), or none. A known kind with a body that does not fit is none; an unknown one is never judged by its body,
 * only bounded. Pure.
 */
import type * as z from 'zod';
import { isStockEventType } from './event-kinds.ts';
import { type EventRecord, eventRecordSchema, recordEnvelopeSchema } from './record.ts';
import { type StockEvent, stockEventSchema } from './stock-event.ts';
import { findUnstorableTime, isStorableTime } from './times.ts';

/** What an unknown kind may weigh: about the characters of its JSON. A pass of 400 tags is half of that. */
export const MAX_UNKNOWN_EVENT_WEIGHT = 256 * 1024;
const MAX_UNKNOWN_EVENT_DEPTH = 32;
const UNKNOWN_TYPE = /^[a-z][a-z0-9-]{0,63}$/;

/** An event of a kind that this version does not know. */
export interface UnknownEvent {
  readonly type: string;
  /** Of the field of that name, which events have in common; absent where it is none, or outside of the years 1 to 9999. */
  readonly occurredAt?: number;
  /** All of it as it came, times as recorded: what a later version parses again. */
  readonly raw: Readonly<Record<string, unknown>>;
}

type ParsedEvent =
  | { readonly outcome: 'known'; readonly event: StockEvent }
  | { readonly outcome: 'unknown'; readonly event: UnknownEvent }
  | { readonly outcome: 'invalid'; readonly reason: string };

/** `value`: what JSON.parse made. */
export function parseEvent(value: unknown): ParsedEvent {
  if (isOfUnknownKind(value)) return asUnknown(value);
  const parsed = stockEventSchema.safeParse(value);
  return parsed.success ? withinLimits(parsed.data) : invalid(parsed.error);
}

/** An envelope around an event that this version does not know. */
export type UnknownEventRecord = Omit<EventRecord, 'event'> & { readonly event: UnknownEvent };

type ParsedRecord =
  | { readonly outcome: 'known'; readonly record: EventRecord }
  | { readonly outcome: 'unknown'; readonly record: UnknownEventRecord }
  | { readonly outcome: 'invalid'; readonly reason: string };

/** One event of a batch with its envelope (record.ts). */
export function parseEventRecord(value: unknown): ParsedRecord {
  if (isObject(value) && isOfUnknownKind(value.event)) {
    const envelope = recordEnvelopeSchema.safeParse(value);
    if (!envelope.success) return invalid(envelope.error);
    const parsed = asUnknown(value.event);
    if (parsed.outcome !== 'unknown') return parsed;
    return { outcome: 'unknown', record: { ...envelope.data, event: parsed.event } };
  }
  const parsed = eventRecordSchema.safeParse(value);
  if (!parsed.success) return invalid(parsed.error);
  const limited = withinLimits(parsed.data.event);
  return limited.outcome === 'known' ? { outcome: 'known', record: parsed.data } : limited;
}

type Invalid = Extract<ParsedEvent, { outcome: 'invalid' }>;
type RawEvent = Readonly<Record<string, unknown>> & { readonly type: string };

function isOfUnknownKind(value: unknown): value is RawEvent {
  if (!isObject(value) || isStockEventType(value.type)) return false;
  return typeof value.type === 'string' && UNKNOWN_TYPE.test(value.type);
}

function asUnknown(raw: RawEvent): Extract<ParsedEvent, { outcome: 'unknown' }> | Invalid {
  const left = weighDown(raw, MAX_UNKNOWN_EVENT_WEIGHT, MAX_UNKNOWN_EVENT_DEPTH);
  if (left < 0) return { outcome: 'invalid', reason: `${raw.type}: larger or deeper than an event may be` };
  const { type, occurredAt } = raw;
  const isTime = Number.isSafeInteger(occurredAt) && isStorableTime(occurredAt as number);
  const event = isTime ? { type, occurredAt: occurredAt as number, raw } : { type, raw };
  return { outcome: 'unknown', event };
}

function withinLimits(event: StockEvent): Extract<ParsedEvent, { outcome: 'known' }> | Invalid {
  const wrong = findUnstorableTime(event);
  return wrong === undefined
    ? { outcome: 'known', event }
    : { outcome: 'invalid', reason: `no such time: ${wrong}` };
}

function invalid({ issues }: z.core.$ZodError): Invalid {
  const reasons = issues.slice(0, 5).map(({ path, message }) => `${path.join('.') || 'event'}: ${message}`);
  return { outcome: 'invalid', reason: reasons.join('; ') };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is left of the budget after a value, negative when it is overdrawn; stops there. */
function weighDown(value: unknown, budget: number, levels: number): number {
  if (typeof value === 'string') return budget - value.length - 3;
  if (typeof value !== 'object' || value === null) return budget - 5;
  if (levels === 0) return -1;
  let left = budget - 2;
  for (const key of Object.keys(value)) {
    if (!Array.isArray(value)) left -= key.length + 4;
    if (left < 0) return left;
    left = weighDown(value[key as keyof typeof value], left, levels - 1);
  }
  return left;
}
