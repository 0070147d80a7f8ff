import { describe, expect, it } from 'vitest';
import type { DeviceHealth } from '../../protocol/readings/reading.ts';
import { createDeviceHealthSensor, MAX_KNOWN_CONDITIONS } from './device-health.ts';

const reading = (over: Partial<DeviceHealth>): DeviceHealth => ({
  kind: 'health',
  device: 'reader-1',
  channel: '',
  at: 1000,
  condition: 'DISCONNECTED',
  active: true,
  detail: 'connection refused',
  ...over,
});

describe('conditions of devices', () => {
  it('become one event per change, not per repetition', () => {
    const sensor = createDeviceHealthSensor();
    const events = [
      reading({}),
      reading({ at: 2000 }),
      reading({ at: 3000, active: false }),
      reading({ at: 4000, active: false }),
      reading({ at: 5000 }),
    ].flatMap((one) => sensor.onReading(one));
    expect(events.map((event) => [event.type, event.occurredAt, 'active' in event && event.active])).toEqual([
      ['device', 1000, true],
      ['device', 3000, false],
      ['device', 5000, true],
    ]);
    expect(sensor.open('reader-1')).toEqual([
      { condition: 'DISCONNECTED', detail: 'connection refused', since: 5000 },
    ]);
  });

  it('begin with the first word on them, also when it says that all is well: it closes what a restart left open', () => {
    const sensor = createDeviceHealthSensor();
    const well = reading({ active: false, detail: 'connected' });
    expect(sensor.onReading(well)).toMatchObject([{ type: 'device', active: false }]);
    expect(sensor.onReading({ ...well, at: 2000 })).toEqual([]);
    expect(sensor.open('reader-1')).toEqual([]);
  });

  it('declare what the device says it lost, every time', () => {
    const sensor = createDeviceHealthSensor();
    const lost = reading({ condition: 'DISCARDED', lost: 40 });
    expect(sensor.onReading(lost).map((event) => event.type)).toEqual(['device', 'gap']);
    expect(sensor.onReading(lost)).toMatchObject([{ type: 'device' }, { type: 'gap', lost: 40 }]);
  });

  it('report every buffer overflow, although the reader never says that it is over nor what it lost', () => {
    const sensor = createDeviceHealthSensor();
    const overflow = reading({ channel: 'reader', condition: 'READER_BUFFER_OVERFLOW' });
    for (const at of [1000, 2000]) {
      const events = sensor.onReading({ ...overflow, at });
      expect(events.map((event) => event.type)).toEqual(['device', 'gap']);
      expect(events[1]).not.toHaveProperty('lost');
    }
    expect(sensor.open('reader-1')).toEqual([]);
  });

  it('of two antennas are two matters', () => {
    const sensor = createDeviceHealthSensor();
    const gone = (channel: string) => reading({ channel, condition: 'ANTENNA_DISCONNECTED' });
    const events = ['1', '2', '1'].flatMap((channel) => sensor.onReading(gone(channel)));
    expect(events.map((event) => 'device' in event && event.device)).toEqual(['reader-1/1', 'reader-1/2']);
    expect(sensor.open('reader-1')).toHaveLength(2);
  });

  it('stop being remembered at the limit and still come through', () => {
    const sensor = createDeviceHealthSensor();
    for (let i = 0; i < MAX_KNOWN_CONDITIONS + 5; i++) sensor.onReading(reading({ device: `d-${i}` }));
    const beyond = reading({ device: `d-${MAX_KNOWN_CONDITIONS + 1}` });
    expect(sensor.onReading(beyond)).toHaveLength(1);
    expect(sensor.open(beyond.device)).toEqual([]);
  });
});
