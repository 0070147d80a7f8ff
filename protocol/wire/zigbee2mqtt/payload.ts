/**
 * Payloads of Zigbee2MQTT: the state of a sensor, and availability of a device or the bridge. Tolerant: unknown
 * keys are ignored, a value that is no value (null, text) counts as unreadable and is named, numbers may come as
 * text (older versions send the battery so). Total: any bytes give an answer.
 *
 * A state message repeats everything Zigbee2MQTT has cached about the device, whichever value is new.
 */
import * as z from 'zod';
import { fromMilli, toMilli } from '../shared/decimal.ts';

/** A larger state is refused unread; real ones are below 2 KiB. */
export const MAX_STATE_BYTES = 65_536;

/** ZCL "invalid value" of the measurement clusters, as Zigbee2MQTT scales it: 0x8000 and 0xFFFF in hundredths. */
const INVALID_TEMPERATURE_MILLI = -327_680;
const INVALID_HUMIDITY_MILLI = 655_350;

export interface SensorState {
  /** `invalid`: the sensor itself says that it has no measurement. */
  readonly temperatureMilliCelsius?: number | 'invalid';
  readonly humidityMilliPercent?: number | 'invalid';
  /** True means CLOSED: magnet and switch are together. */
  readonly contact?: boolean;
  readonly batteryMilliPercent?: number;
  readonly batteryLow?: boolean;
  /** Epoch milliseconds of Zigbee2MQTT's clock; present when `advanced.last_seen` is switched on. */
  readonly lastSeenMs?: number;
}

type DecodedState =
  | {
      readonly ok: true;
      readonly state: SensorState /** Keys whose value could not be read. */;
      readonly unreadable: string[];
    }
  | { readonly ok: false; readonly reason: 'BAD_JSON' | 'NOT_A_STATE' | 'OVERSIZED_MESSAGE' };

const stateSchema = z.looseObject({
  temperature: z.unknown().optional(),
  humidity: z.unknown().optional(),
  contact: z.unknown().optional(),
  battery: z.unknown().optional(),
  battery_low: z.unknown().optional(),
  last_seen: z.unknown().optional(),
});

export function decodeState(payload: Uint8Array): DecodedState {
  if (payload.length > MAX_STATE_BYTES) return { ok: false, reason: 'OVERSIZED_MESSAGE' };
  const json = parseJson(payload);
  if (json === undefined) return { ok: false, reason: 'BAD_JSON' };
  const parsed = stateSchema.safeParse(json);
  if (!parsed.success || Array.isArray(json)) return { ok: false, reason: 'NOT_A_STATE' };
  const wire = parsed.data;
  const unreadable: string[] = [];
  const read = <T>(key: string, value: unknown, reader: (value: unknown) => T | undefined): T | undefined => {
    // Null is how Zigbee2MQTT says "never heard of".
    if (value === undefined || value === null) return undefined;
    const found = reader(value);
    if (found === undefined) unreadable.push(key);
    return found;
  };
  const temperature = read('temperature', wire.temperature, toMilli);
  const humidity = read('humidity', wire.humidity, toMilli);
  const contact = read('contact', wire.contact, toBoolean);
  const battery = read('battery', wire.battery, toMilli);
  const batteryLow = read('battery_low', wire.battery_low, toBoolean);
  const lastSeen = read('last_seen', wire.last_seen, toEpochMs);
  return {
    ok: true,
    unreadable,
    state: {
      ...(temperature === undefined
        ? {}
        : { temperatureMilliCelsius: unless(temperature, INVALID_TEMPERATURE_MILLI) }),
      ...(humidity === undefined ? {} : { humidityMilliPercent: unless(humidity, INVALID_HUMIDITY_MILLI) }),
      ...(contact === undefined ? {} : { contact }),
      ...(battery === undefined ? {} : { batteryMilliPercent: battery }),
      ...(batteryLow === undefined ? {} : { batteryLow }),
      ...(lastSeen === undefined ? {} : { lastSeenMs: lastSeen }),
    },
  };
}

export function encodeState(state: SensorState): Uint8Array {
  const { temperatureMilliCelsius: temperature, humidityMilliPercent: humidity } = state;
  const battery = state.batteryMilliPercent;
  return encode({
    battery: battery === undefined ? undefined : fromMilli(battery),
    battery_low: state.batteryLow,
    contact: state.contact,
    humidity: humidity === undefined ? undefined : fromMilli(orInvalid(humidity, INVALID_HUMIDITY_MILLI)),
    last_seen: state.lastSeenMs === undefined ? undefined : new Date(state.lastSeenMs).toISOString(),
    temperature:
      temperature === undefined ? undefined : fromMilli(orInvalid(temperature, INVALID_TEMPERATURE_MILLI)),
  });
}

/** `{"state":"online"}`, or the bare word of older versions; undefined when it is neither. */
export function decodeAvailability(payload: Uint8Array): 'online' | 'offline' | undefined {
  if (payload.length > MAX_STATE_BYTES) return undefined;
  const text = new TextDecoder().decode(payload).trim();
  const json = parseJson(payload);
  const word = availabilitySchema.safeParse(json === undefined ? text : json);
  if (!word.success) return undefined;
  return typeof word.data === 'string' ? word.data : word.data.state;
}

export function encodeAvailability(state: 'online' | 'offline'): Uint8Array {
  return encode({ state });
}

const availabilityWord = z.enum(['online', 'offline']);
const availabilitySchema = z.union([availabilityWord, z.looseObject({ state: availabilityWord })]);

function encode(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    // Not JSON: the caller counts the message as discarded.
    return undefined;
  }
}

function unless(milli: number, invalid: number): number | 'invalid' {
  return milli === invalid ? 'invalid' : milli;
}

function orInvalid(milli: number | 'invalid', invalid: number): number {
  return milli === 'invalid' ? invalid : milli;
}

function toBoolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

const ISO_WITH_ZONE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;
/** The last moment a Date can stand for. */
const MAX_EPOCH_MS = 8.64e15;

/** `last_seen` comes as ISO 8601 (UTC or with offset) or as epoch milliseconds, as configured. */
function toEpochMs(value: unknown): number | undefined {
  if (typeof value === 'number')
    return Number.isInteger(value) && Math.abs(value) <= MAX_EPOCH_MS ? value : undefined;
  if (typeof value !== 'string' || !ISO_WITH_ZONE.test(value)) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}
