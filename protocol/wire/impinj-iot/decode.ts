/**
 * Decoding of what a reader publishes: one event object per MQTT message, or an array of them (as in its webhook).
 * Every field is optional on the wire and a field of the wrong type counts as absent; an event is refused only when
 * what it is about is missing. Version 1 events carry no `eventType`: the key of their body says it. Total: any
 * bytes give events and refusals, in the order of the message.
 */
import * as z from 'zod';
import type { ImpinjEvent } from './event.ts';
import { fromBase64Field, fromHexField } from './tag-bytes.ts';
import { parseTimestamp } from './timestamp.ts';

/** A larger message is refused unread. The reader's own are below 1 KiB each. */
export const MAX_MESSAGE_BYTES = 1_048_576;

type DecodeRefusalReason = 'OVERSIZED_MESSAGE' | 'BAD_JSON' | 'UNKNOWN_MESSAGE' | 'BAD_EVENT' | 'BAD_EPC';

/** What made no sense in a message, once per reason: the message's bytes, shared out over its events. */
interface DecodeRefusal {
  readonly reason: DecodeRefusalReason;
  readonly bytes: number;
}

interface DecodedMessage {
  readonly events: ImpinjEvent[];
  readonly refused: DecodeRefusal[];
}

const text = z.string().max(256).optional().catch(undefined);
const number = z.number().optional().catch(undefined);
const time = z.string().max(64).transform(parseTimestamp).optional().catch(undefined);

const tagInventorySchema = z.looseObject({
  epc: z.string().optional().catch(undefined),
  epcHex: z.string().optional().catch(undefined),
  tid: text,
  tidHex: text,
  pc: text,
  antennaPort: z.int().nonnegative().optional().catch(undefined),
  antennaName: text,
  peakRssiCdbm: number,
  transmitPowerCdbm: number,
  frequency: number,
  phaseAngle: number,
  lastSeenTime: time,
});

const gpiTransitionSchema = z.looseObject({
  gpi: z.int().positive(),
  transition: z.enum(['high-to-low', 'low-to-high']),
});
const antennaSchema = z.looseObject({ antennaPort: z.int().positive() });
const inventoryStatusSchema = z.looseObject({ inventoryStatus: z.enum(['running', 'idle']) });

const bodySchema = z.looseObject({}).optional().catch(undefined);
const envelopeSchema = z.looseObject({
  timestamp: time,
  hostname: text,
  eventType: text,
  tagInventoryEvent: bodySchema,
  gpiTransitionEvent: bodySchema,
  antennaConnectedEvent: bodySchema,
  antennaDisconnectedEvent: bodySchema,
  inventoryStatusEvent: bodySchema,
});
type WireEnvelope = z.infer<typeof envelopeSchema>;

const KNOWN_TYPES = [
  'tagInventory',
  'gpiTransition',
  'antennaConnected',
  'antennaDisconnected',
  'inventoryStatus',
] as const;

export function decodeMessage(payload: Uint8Array): DecodedMessage {
  if (payload.length > MAX_MESSAGE_BYTES) return refuseAll('OVERSIZED_MESSAGE', payload.length);
  const json = parseJson(payload);
  if (json === undefined) return refuseAll('BAD_JSON', payload.length);
  const items = Array.isArray(json) ? json : [json];
  const bytesEach = Math.floor(payload.length / Math.max(1, items.length));
  const events: ImpinjEvent[] = [];
  const refused = new Map<DecodeRefusalReason, number>();
  for (const item of items) {
    const event = decodeEvent(item);
    if (typeof event === 'string') refused.set(event, (refused.get(event) ?? 0) + bytesEach);
    else events.push(event);
  }
  return { events, refused: [...refused].map(([reason, bytes]) => ({ reason, bytes })) };
}

function refuseAll(reason: DecodeRefusalReason, bytes: number): DecodedMessage {
  return { events: [], refused: [{ reason, bytes }] };
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    // Not JSON: the caller counts the bytes as discarded.
    return undefined;
  }
}

function decodeEvent(item: unknown): ImpinjEvent | DecodeRefusalReason {
  const parsed = envelopeSchema.safeParse(item);
  if (!parsed.success) return 'UNKNOWN_MESSAGE';
  const wire = parsed.data;
  const envelope = present({ timestampMs: wire.timestamp, hostname: wire.hostname });
  const type = KNOWN_TYPES.find((name) => name === wire.eventType) ?? typeByKey(wire);
  switch (type) {
    case 'tagInventory':
      return decodeTagInventory(envelope, wire.tagInventoryEvent);
    case 'gpiTransition': {
      const body = gpiTransitionSchema.safeParse(wire.gpiTransitionEvent);
      if (!body.success) return 'BAD_EVENT';
      return { type, ...envelope, gpi: body.data.gpi, transition: body.data.transition };
    }
    case 'antennaConnected':
    case 'antennaDisconnected': {
      const body = antennaSchema.safeParse(wire[`${type}Event`]);
      return body.success ? { type, ...envelope, antennaPort: body.data.antennaPort } : 'BAD_EVENT';
    }
    case 'inventoryStatus': {
      const body = inventoryStatusSchema.safeParse(wire.inventoryStatusEvent);
      return body.success ? { type, ...envelope, inventoryStatus: body.data.inventoryStatus } : 'BAD_EVENT';
    }
    case undefined:
      return wire.eventType === undefined
        ? 'UNKNOWN_MESSAGE'
        : { type: 'other', ...envelope, eventType: wire.eventType };
  }
}

/** Only events without a type of their own are recognised by their body. */
function typeByKey(wire: WireEnvelope): (typeof KNOWN_TYPES)[number] | undefined {
  if (wire.eventType !== undefined) return undefined;
  return KNOWN_TYPES.find((name) => wire[`${name}Event`] !== undefined);
}

function decodeTagInventory(envelope: object, body: unknown): ImpinjEvent | DecodeRefusalReason {
  const parsed = tagInventorySchema.safeParse(body);
  if (!parsed.success) return 'BAD_EVENT';
  const wire = parsed.data;
  if (wire.epcHex === undefined && wire.epc === undefined) return 'BAD_EVENT';
  const epc = hexOf(wire.epcHex, wire.epc);
  if (epc === undefined) return 'BAD_EPC';
  return {
    type: 'tagInventory',
    ...envelope,
    epc,
    ...present({
      tid: hexOf(wire.tidHex, wire.tid),
      pc: hexOf(undefined, wire.pc),
      antennaPort: wire.antennaPort,
      antennaName: wire.antennaName,
      peakRssiCdbm: wire.peakRssiCdbm,
      transmitPowerCdbm: wire.transmitPowerCdbm,
      frequencyKilohertz: wire.frequency,
      phaseAngle: wire.phaseAngle,
      lastSeenMs: wire.lastSeenTime,
    }),
  };
}

function hexOf(hexField: string | undefined, base64Field: string | undefined): string | undefined {
  const hex = hexField === undefined ? undefined : fromHexField(hexField);
  return hex ?? (base64Field === undefined ? undefined : fromBase64Field(base64Field));
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The fields that are there, without the keys of those that are not. */
function present<T extends object>(fields: T): Present<T> {
  const kept: Present<T> = {};
  for (const key in fields) {
    const value = fields[key];
    if (value !== undefined) kept[key] = value as Exclude<T[typeof key], undefined>;
  }
  return kept;
}
