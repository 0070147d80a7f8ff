import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topicMatches } from '../../link/topic-filter.ts';
import { decodeGet, getFilters } from './get.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const get = (topic: string, payload: string) => decodeGet('zigbee2mqtt', 'cold-1/air', topic, bytes(payload));

describe('a request to read a device', () => {
  it('names what it wants in its payload or in its topic', () => {
    const topic = 'zigbee2mqtt/cold-1/air/get';
    expect(get(topic, '{"temperature":""}')).toEqual(['temperature']);
    expect(get(topic, '{"humidity":null,"temperature":"","linkquality":""}')).toEqual([
      'temperature',
      'humidity',
    ]);
    expect(get(`${topic}/humidity`, '')).toEqual(['humidity']);
  });

  it('wants nothing when it is for another, is no request, or asks for what cannot be read', () => {
    expect(get('zigbee2mqtt/cold-1/get', '{"temperature":""}')).toEqual([]);
    expect(get('zigbee2mqtt/cold-1/air/set', '{"temperature":""}')).toEqual([]);
    expect(get('zigbee2mqtt/cold-1/air/get', '{"contact":""}')).toEqual([]);
    expect(get('zigbee2mqtt/cold-1/air/get', '["temperature"]')).toEqual([]);
    expect(get('zigbee2mqtt/cold-1/air/get', 'temperature')).toEqual([]);
    expect(get('zigbee2mqtt/cold-1/air/get/contact', '')).toEqual([]);
    expect(get('zigbee2mqtt/cold-1/air/get/temperature/x', '')).toEqual([]);
  });

  it('comes on the topics a device subscribes to, and no other topic asks for anything, whatever the bytes', () => {
    const filters = getFilters('zigbee2mqtt', 'cold-1/air');
    const level = fc.constantFrom('zigbee2mqtt', 'cold-1', 'air', 'get', 'set', 'temperature', '');
    const topic = fc.array(level, { maxLength: 6 }).map((levels) => levels.join('/'));
    fc.assert(
      fc.property(topic, fc.oneof(fc.uint8Array(), fc.json().map(bytes)), (where, payload) => {
        const asked = decodeGet('zigbee2mqtt', 'cold-1/air', where, payload).length > 0;
        if (asked) expect(filters.some((filter) => topicMatches(filter, where))).toBe(true);
      }),
    );
  });
});
