/**
 * Requests to read a device, `<base>/<name>/get` with `{"temperature": ""}` or `<base>/<name>/get/temperature`
 * (Zigbee2MQTT, "MQTT topics and messages"). Values in the payload mean nothing. Total: any bytes give an answer.
 */
import * as z from 'zod';

/** What of a sensor can be read. */
const READABLE = ['temperature', 'humidity'] as const;
type ReadableAttribute = (typeof READABLE)[number];

const requestSchema = z.record(z.string(), z.unknown());

/** The topic filters on which the requests for one device come. */
export function getFilters(baseTopic: string, friendlyName: string): string[] {
  const topic = `${baseTopic}/${friendlyName}/get`;
  return [topic, `${topic}/+`];
}

/** What a request asks for, as far as it can be read; empty for any other message. */
export function decodeGet(
  baseTopic: string,
  friendlyName: string,
  topic: string,
  payload: Uint8Array,
): ReadableAttribute[] {
  const base = `${baseTopic}/${friendlyName}/get`;
  if (topic === base) {
    const keys = keysOf(payload);
    return READABLE.filter((attribute) => keys.includes(attribute));
  }
  return READABLE.filter((attribute) => topic === `${base}/${attribute}`);
}

function keysOf(payload: Uint8Array): string[] {
  try {
    const request = requestSchema.safeParse(JSON.parse(new TextDecoder().decode(payload)));
    return request.success ? Object.keys(request.data) : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
